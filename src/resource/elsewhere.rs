//! What people ask for by name that is no resource of its own, and where it is.

/// Names, and what is to be said of them.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["comments", "ticket_comments", "conversations"],
        "comments are in ticket_events: zdx export ticket_events --include comment_events",
    ),
    (&["audits", "ticket_audits", "events"], "what happens to tickets is in ticket_events"),
    (
        &["call_legs", "voice", "talk"],
        "calls of Zendesk Talk are in calls, and who took part in legs",
    ),
    (&["nps", "surveys"], "NPS surveys are in nps_recipients, and their answers in nps_responses"),
    (
        &["satisfaction_ratings", "ratings", "csat"],
        "a ticket's rating is its member satisfaction_rating, in tickets; how it came is in \
         ticket_events",
    ),
    (
        &["metrics", "ticket_metrics", "metric_sets"],
        "metrics are in tickets: --include metric_sets",
    ),
    (
        &["slas"],
        "what was promised is in ticket_metric_events, and in tickets with --include slas; the \
         policies are sla_policies",
    ),
    (&["agents", "end_users", "requesters", "identities"], "people of all kinds are in users"),
    (
        &["help_center", "guide", "translations"],
        "the Help Center's texts are in articles, what they are sorted into in categories and sections",
    ),
];

/// Where that is which has no resource of its name.
pub(super) fn place(name: &str) -> Option<&'static str> {
    let (_, place) = ELSEWHERE.iter().find(|(known, _)| known.contains(&name))?;
    Some(place)
}
