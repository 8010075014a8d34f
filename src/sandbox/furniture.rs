//! The fixed furniture of the help desk: its account, groups, brands, forms, fields and products.

/// The account in the records' own URLs: the same in every process, unlike the port.
pub(super) const ORIGIN: &str = "https://sandbox.zendesk.com";
/// The address that the sandbox's credentials belong to.
pub(super) const AGENT_EMAIL: &str = "agent@sandbox.example";
pub(super) const COMPANY: &str = "Brightkettle";
pub(super) const SUPPORT_ADDRESS: &str = "support@brightkettle.example";

pub(super) struct Named {
    pub(super) id: u64,
    pub(super) name: &'static str,
}

const fn named(id: u64, name: &'static str) -> Named {
    Named { id, name }
}

pub(super) const GROUPS: &[Named] = &[
    named(6_130_869_200_101, "Support"),
    named(6_130_869_200_229, "Orders & Delivery"),
    named(6_130_869_200_357, "Technical"),
    named(6_130_869_200_485, "Billing"),
    named(6_130_869_200_613, "Business Customers"),
];

pub(super) const BRANDS: &[Named] =
    &[named(6_130_869_300_147, "Brightkettle"), named(6_130_869_300_275, "Brightkettle Pro")];

pub(super) const FORMS: &[Named] = &[
    named(6_130_869_400_191, "Ask a question"),
    named(6_130_869_400_319, "Problem with a product"),
    named(6_130_869_400_447, "Return or refund"),
];

/// Custom statuses, one for each status category.
pub(super) const STATUSES: &[Named] = &[
    named(6_130_869_500_059, "new"),
    named(6_130_869_500_187, "open"),
    named(6_130_869_500_315, "pending"),
    named(6_130_869_500_443, "hold"),
    named(6_130_869_500_571, "solved"),
];

pub(super) const PRODUCTS: &[Named] = &[
    named(1, "Aurora 1.7 L kettle"),
    named(2, "Aurora Mini travel kettle"),
    named(3, "Ember pour-over set"),
    named(4, "Ember gooseneck kettle"),
    named(5, "Tide espresso machine"),
    named(6, "Tide Duo espresso machine"),
    named(7, "Hearth milk frother"),
    named(8, "Cirrus bean grinder"),
    named(9, "Cirrus water filter"),
    named(10, "Brightkettle app"),
];

pub(super) const CARRIERS: &[&str] = &["DHL", "UPS", "Royal Mail", "GLS", "Yamato", "Correios"];

/// The ticket fields by number, in the order in which tickets list their values.
pub(super) const FIELDS: &[Named] = &[
    named(6_131_020_000_113, "order_number"),
    named(6_131_020_000_241, "product"),
    named(6_131_020_000_369, "serial_number"),
    named(6_131_020_000_497, "purchase_date"),
    named(6_131_020_000_625, "country"),
    named(6_131_020_000_753, "contact_reason"),
    named(6_131_020_000_881, "resolution"),
    named(6_131_020_001_009, "refund_amount"),
    named(6_131_020_001_137, "currency"),
    named(6_131_020_001_265, "carrier"),
    named(6_131_020_001_393, "tracking_number"),
    named(6_131_020_001_521, "under_warranty"),
    named(6_131_020_001_649, "firmware"),
    named(6_131_020_001_777, "app_version"),
    named(6_131_020_001_905, "phone_system"),
    named(6_131_020_002_033, "escalated"),
    named(6_131_020_002_161, "root_cause"),
    named(6_131_020_002_289, "first_contact_resolution"),
    named(6_131_020_002_417, "replacement_order"),
    named(6_131_020_002_545, "store"),
    named(6_131_020_002_673, "customer_tier"),
    named(6_131_020_002_801, "sentiment"),
    named(6_131_020_002_929, "language"),
    named(6_131_020_003_057, "affected_features"),
    named(6_131_020_003_185, "water_hardness"),
    named(6_131_020_003_313, "agent_touches"),
    named(6_131_020_003_441, "internal_reference"),
    named(6_131_020_003_569, "follow_up_on"),
];

/// The keys of users' own fields, with their types.
pub(super) const USER_FIELDS: &[(&str, &str)] = &[
    ("customer_since", "date"),
    ("loyalty_tier", "dropdown"),
    ("loyalty_points", "integer"),
    ("newsletter", "checkbox"),
    ("last_order_on", "date"),
    ("lifetime_value", "decimal"),
    ("devices", "multiselect"),
];

/// The keys of organizations' own fields, with their types.
pub(super) const ORGANIZATION_FIELDS: &[(&str, &str)] = &[
    ("plan", "dropdown"),
    ("machines", "integer"),
    ("health_score", "decimal"),
    ("account_manager", "text"),
    ("on_hold", "checkbox"),
];

pub(super) const ROLES: &[Named] = &[
    named(6_130_869_600_107, "Light agent"),
    named(6_130_869_600_235, "Agent"),
    named(6_130_869_600_363, "Team lead"),
];

pub(super) const SLA_POLICIES: &[Named] = &[named(25, "First reply"), named(31, "Business")];

pub(super) const SCHEDULES: &[Named] =
    &[named(6_130_869_700_117, "Weekdays"), named(6_130_869_700_245, "Espresso line")];

/// Key, title and plural of each custom object.
pub(super) const CUSTOM_OBJECTS: &[(&str, &str, &str)] = &[
    ("appliance", "Appliance", "Appliances"),
    ("service_visit", "Service visit", "Service visits"),
];
