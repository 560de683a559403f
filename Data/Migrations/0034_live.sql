-- Who looks on hears of a notification in the moment it is committed, whichever process wrote it. Ids only: the row is read by its owner.
create function tell_of_notifications() returns trigger language plpgsql as $$
begin
  perform pg_notify('wf_notifications',
    json_build_array(new.tenant_id, new.user_id, new.id, left(new.kind, 100), new.level)::text);
  return null;
end $$;
create trigger notifications_told after insert on notifications for each row execute function tell_of_notifications();
