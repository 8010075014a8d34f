//! A local Zendesk.
