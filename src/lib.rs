#![allow(dead_code)]
pub mod sandbox;
mod failure; mod time; mod secret; mod resource; mod position; mod garbled; mod page; mod paging; mod retry; mod pacer; mod clock; mod signals; mod shown; mod request; mod api;
