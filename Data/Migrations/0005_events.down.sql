drop function cloud_event(events);
drop table user_activity, outbox, events_to_route, event_matches, event_dedupe, events;
