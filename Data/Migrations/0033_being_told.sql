-- Who is told of the end of executions and of approvals. The transaction that ends an execution leaves one row in notification_outbox, and only when
-- somebody listens: the workflow's own settings (told_workflows), or a subscription to it or to what it lies in. Workers make deliveries of it, in one
-- transaction with what is delivered, so that none is lost and none made twice.

-- Workflows whose settings want somebody told: kept by a trigger, so that ends are judged by one look at a small table.
create table told_workflows (
  tenant_id    uuid not null,
  workflow_id  uuid not null,
  on_failure   boolean not null,
  on_success   boolean not null,

  primary key (tenant_id, workflow_id),
  foreign key (tenant_id, workflow_id) references workflows on delete cascade
);

-- object_id without a foreign key: it is of one of four tables, and of what is gone nothing is told.
create table subscriptions (
  tenant_id    uuid not null,
  id           uuid not null,
  user_id      uuid not null,
  object_type  text not null,
  object_id    uuid not null,
  events       text[] not null,
  channels     text[] not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  constraint subscriptions_object_unique unique (tenant_id, user_id, object_id),
  constraint subscriptions_type_known check (object_type in ('workspace', 'folder', 'job', 'workflow')),
  constraint subscriptions_events_known check (cardinality(events) > 0 and events <@ array['failure', 'success', 'approval']),
  constraint subscriptions_channels_known check (cardinality(channels) > 0 and channels <@ array['in_app', 'email'])
);
create index subscriptions_by_object on subscriptions (tenant_id, object_id);
create index subscriptions_of_containers on subscriptions (tenant_id) where object_type <> 'workflow';

-- Of what is not in the inbox: when a person wants no mail, and whether mails are collected.
create table notification_settings (
  tenant_id   uuid not null,
  user_id     uuid not null,
  quiet_from  time,
  quiet_to    time,
  time_zone   text not null default 'UTC',
  digest      text not null default 'immediate',
  updated_at  timestamptz not null,

  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  constraint notification_settings_quiet_whole check ((quiet_from is null) = (quiet_to is null) and quiet_from <> quiet_to),
  constraint notification_settings_digest_known check (digest in ('immediate', 'hourly', 'daily'))
);

-- A row that cannot be told of is tried again, and left with its error after ten times.
create table notification_outbox (
  tenant_id     uuid not null,
  id            uuid not null,
  event         text not null,
  workflow_id   uuid not null,
  execution_id  uuid not null,
  request_id    uuid,
  is_child      boolean not null default false,
  due_at        timestamptz not null,
  failures      int not null default 0,
  error         text,

  primary key (tenant_id, id),
  constraint notification_outbox_event_known check (event in ('failure', 'success', 'approval')),
  constraint notification_outbox_request_iff_approval check ((request_id is not null) = (event = 'approval'))
);
create index notification_outbox_due on notification_outbox (due_at) where failures < 10;

-- What was, or is to be, told to one person, or to one address that a workflow's settings name, by one channel. What became of a mail is
-- in the row of the mail.
create table deliveries (
  tenant_id     uuid not null,
  id            uuid not null,
  user_id       uuid,
  recipient     text,
  channel       text not null,
  event         text not null,
  source        text not null,
  workflow_id   uuid not null,
  execution_id  uuid not null,
  title         text not null,
  body          text,
  link          text not null,
  collected     boolean not null default false, -- it goes out together with others of the person
  due_at        timestamptz not null,
  status        text not null default 'waiting',
  attempts      int not null default 0,
  error         text,
  mail_id       uuid,
  created_at    timestamptz not null,
  ended_at      timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  constraint deliveries_once unique nulls not distinct (tenant_id, source, channel, user_id, recipient),
  constraint deliveries_to_one check ((user_id is null) <> (recipient is null)),
  constraint deliveries_channel_known check (channel in ('in_app', 'email')),
  constraint deliveries_event_known check (event in ('failure', 'success', 'approval')),
  constraint deliveries_status_known check (status in ('waiting', 'sent', 'failed', 'dropped')),
  constraint deliveries_ended_iff_so check ((ended_at is null) = (status = 'waiting'))
);
create index deliveries_due on deliveries (due_at) where status = 'waiting';
create index deliveries_of_user on deliveries (tenant_id, user_id, id) where user_id is not null;
create index deliveries_age on deliveries (created_at);

call protect_tenant_table('told_workflows');
call protect_tenant_table('subscriptions');
call protect_tenant_table('notification_settings');
call protect_tenant_table('notification_outbox');
call protect_tenant_table('deliveries');
call protect_objects('subscriptions', 'user_id = (select current_person())', 'user_id = (select current_person())');
call protect_objects('notification_settings', 'user_id = (select current_person())', 'user_id = (select current_person())');
call protect_objects('deliveries', 'user_id = (select current_person())', 'user_id = (select current_person())');
grant select, insert, update, delete on subscriptions, notification_settings to workflows_api;
grant select, delete on deliveries to workflows_api;
call open_to_worker('told_workflows', 'select');
call open_to_worker('subscriptions', 'select (tenant_id, object_type, object_id, events)');
call open_to_worker('notification_outbox', 'select, insert');
call open_to_worker('deliveries', 'select (tenant_id, id, created_at), delete');
call open_to_auth('told_workflows', 'select, insert, delete');
call open_to_auth('subscriptions', 'select');
call open_to_auth('notification_settings', 'select');
call open_to_auth('notification_outbox', 'select, update, delete');
call open_to_auth('deliveries', 'select, insert, update');
call open_to_auth('approval_requests', 'select');

create function keep_told_workflow() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  delete from told_workflows w where w.tenant_id = new.tenant_id and w.workflow_id = new.id;
  insert into told_workflows (tenant_id, workflow_id, on_failure, on_success)
  select new.tenant_id, new.id, s.on_failure, s.on_success
  from (select coalesce((new.notifications ->> 'onFailure')::boolean, false) as on_failure,
          coalesce((new.notifications ->> 'onSuccess')::boolean, false) as on_success) s
  where s.on_failure or s.on_success;
  return null;
end $$;
create trigger workflows_told_from_start after insert on workflows
  for each row when (new.notifications <> '{}') execute function keep_told_workflow();
create trigger workflows_told after update of notifications on workflows
  for each row when (new.notifications is distinct from old.notifications) execute function keep_told_workflow();

-- A workflow and what it lies in.
create function objects_above(of_tenant uuid, workflow uuid) returns uuid[]
  language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  with recursive holder as (
    select w.job_id, j.folder_id from workflows w join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
    where w.tenant_id = of_tenant and w.id = workflow
  ),
  up as (
    select f.id, f.parent_id, f.workspace_id from holder h join folders f on f.tenant_id = of_tenant and f.id = h.folder_id
    union
    select f.id, f.parent_id, f.workspace_id from up u join folders f on f.tenant_id = of_tenant and f.id = u.parent_id
  )
  select array[workflow] || array(select h.job_id from holder h) || array(select u.id from up u)
    || array(select distinct u.workspace_id from up u)
$$;

create function is_listened_above(of_tenant uuid, workflow uuid, happened text) returns boolean
  language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  select exists (
    select from subscriptions s
    where s.tenant_id = of_tenant and s.object_id = any (objects_above(of_tenant, workflow)) and happened = any (s.events))
$$;

-- Whether the person may read executions of the workflow now: by a role that sees the whole tenant, or by what was granted. As with logins, a role
-- of granted reach adds nothing beside one of the whole tenant.
create function may_be_told(of_tenant uuid, person uuid, workflow uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  sees_all boolean;
  reads boolean;
begin
  select bool_or(not r.only_granted),
    case when bool_or(not r.only_granted)
      then bool_or(not r.only_granted and (r.built_in or 'executions.read' = any (r.permissions)))
      else bool_or(r.built_in or 'executions.read' = any (r.permissions)) end
  into sees_all, reads
  from users u
  join user_roles h on h.tenant_id = u.tenant_id and h.user_id = u.id
  join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
  where u.tenant_id = of_tenant and u.id = person and u.active and u.deleted_at is null;
  if reads is not true then
    return false;
  end if;
  if sees_all then
    return true;
  end if;
  perform set_config('app.tenant_id', of_tenant::text, true), set_config('app.user_id', person::text, true);
  return coalesce(object_rank('workflow', workflow), 0) >= 1;
end $$;

-- The end of the quiet hours in which the instant lies, else the instant. Hours are those of the clocks of the zone: an end that a change of the clocks
-- leaves out is an hour later, one that comes twice counts the second time.
create function after_quiet(moment timestamptz, quiet_from time, quiet_to time, zone text) returns timestamptz
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  wall timestamp := moment at time zone zone;
  clock time := wall::time;
  ends date := wall::date;
begin
  if quiet_from is null
    or (quiet_from < quiet_to and (clock < quiet_from or clock >= quiet_to))
    or (quiet_from > quiet_to and clock < quiet_from and clock >= quiet_to) then
    return moment;
  end if;
  if quiet_from > quiet_to and clock >= quiet_from then
    ends := ends + 1;
  end if;
  return greatest(moment, (ends + quiet_to) at time zone zone);
end $$;

-- When what happens at the instant is mailed to the person: at the next full hour, at the next eight o'clock, or at once; not in quiet hours. A zone
-- that this server does not know counts as UTC.
create function mail_time(moment timestamptz, wish notification_settings) returns timestamptz
  language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  zone text := coalesce((select z.name from pg_timezone_names z where z.name = wish.time_zone), 'UTC');
  wall timestamp := moment at time zone zone;
  earliest timestamptz := case wish.digest
    when 'hourly' then date_trunc('hour', moment) + interval '1 hour'
    when 'daily' then (wall::date + case when wall::time < '08:00' then 0 else 1 end + time '08:00') at time zone zone
    else moment end;
begin
  return after_quiet(earliest, wish.quiet_from, wish.quiet_to, zone);
end $$;

-- A text of one line and of bounded length.
create function one_line(line text, most int) returns text
  language sql immutable strict parallel safe
  return left(regexp_replace(line, '[[:cntrl:]]+', ' ', 'g'), most);

-- What is said of one thing that happened; null when there is nothing to say it of any more.
create function told_text(item notification_outbox, out title text, out body text, out link text)
  language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  named text;
  run record;
  seconds bigint;
begin
  select one_line(w.name, 200) into named from workflows w where w.tenant_id = item.tenant_id and w.id = item.workflow_id;
  if item.event = 'approval' then
    select format('Workflow ''%s'' asks for an approval', named), one_line(r.title, 500), '/approvals/' || r.id into title, body, link
    from approval_requests r where r.tenant_id = item.tenant_id and r.id = item.request_id;
    return;
  end if;
  select e.error, e.rows_processed, e.finished_at - greatest(e.started_at, e.retried_at) as took into run
  from executions e where e.tenant_id = item.tenant_id and e.id = item.execution_id;
  link := '/executions/' || item.execution_id;
  if item.event = 'success' then
    seconds := greatest(0, extract(epoch from run.took))::bigint;
    title := format('Workflow ''%s'' completed successfully', named);
    body := format('Processed %s rows in %s%ss', run.rows_processed, case when seconds >= 60 then seconds / 60 || 'm ' else '' end, seconds % 60);
  else
    title := format('Workflow ''%s'' failed', named);
    body := one_line(format('Failed%s: %s %s', ' at node ''' || (run.error ->> 'node') || '''', coalesce(run.error ->> 'code', 'UNKNOWN'),
      run.error ->> 'message'), 1000);
  end if;
end $$;

-- Makes the deliveries of one thing that happened.
create function tell_of(item notification_outbox) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  said record;
  flow record;
  listener record;
  wish notification_settings;
  origin text := format('told:%s', item.id);
  channel text;
  later timestamptz;
begin
  said := told_text(item);
  select w.notifications, coalesce(w.owner_id, w.created_by) as answers into flow
  from workflows w where w.tenant_id = item.tenant_id and w.id = item.workflow_id;
  if said.title is null or flow is null then
    return;
  end if;
  for listener in
    select l.person, array_agg(distinct l.channel) as channels
    from (
      select s.user_id as person, unnest(s.channels) as channel from subscriptions s
      where s.tenant_id = item.tenant_id and item.event = any (s.events)
        and s.object_id = any (case when item.is_child then array[item.workflow_id] else objects_above(item.tenant_id, item.workflow_id) end)
      union all
      select flow.answers, 'in_app' from told_workflows t
      where t.tenant_id = item.tenant_id and t.workflow_id = item.workflow_id and flow.answers is not null
        and case item.event when 'success' then t.on_success when 'failure' then t.on_failure else false end) l
    group by l.person limit 10000
  loop
    continue when not may_be_told(item.tenant_id, listener.person, item.workflow_id);
    foreach channel in array listener.channels loop
      if channel = 'in_app' then
        insert into notifications (tenant_id, user_id, id, source, kind, level, title, body, link, created_at)
        values (item.tenant_id, listener.person, new_uuid_v7(), origin,
          case item.event when 'success' then 'workflow_completed' when 'failure' then 'workflow_failed' else 'approval' end,
          case item.event when 'success' then 'success' when 'failure' then 'error' else 'info' end, said.title, said.body, said.link, now())
        on conflict do nothing;
        later := now();
      else
        select * into wish from notification_settings n where n.tenant_id = item.tenant_id and n.user_id = listener.person;
        later := case when found then mail_time(now(), wish) else now() end;
      end if;
      insert into deliveries (tenant_id, id, user_id, channel, event, source, workflow_id, execution_id, title, body, link, collected, due_at,
        status, attempts, created_at, ended_at)
      values (item.tenant_id, new_uuid_v7(), listener.person, channel, item.event, origin, item.workflow_id, item.execution_id, said.title,
        said.body, said.link, later > now(), later, case channel when 'in_app' then 'sent' else 'waiting' end,
        case channel when 'in_app' then 1 else 0 end, now(), case channel when 'in_app' then now() end)
      on conflict do nothing;
    end loop;
  end loop;
  insert into deliveries (tenant_id, id, recipient, channel, event, source, workflow_id, execution_id, title, body, link, due_at, created_at)
  select item.tenant_id, new_uuid_v7(), a.address, 'email', item.event, origin, item.workflow_id, item.execution_id, said.title, said.body,
    said.link, now(), now()
  from told_workflows t
  cross join lateral (
    select distinct e.address from jsonb_array_elements_text(coalesce(flow.notifications -> 'emails', '[]')) as e (address) limit 20) a
  where t.tenant_id = item.tenant_id and t.workflow_id = item.workflow_id
    and case item.event when 'success' then t.on_success when 'failure' then t.on_failure else false end
  on conflict do nothing;
end $$;

-- Turns up to so many rows of the outbox into deliveries. One that fails does not hold up the others. Answers how many it looked at.
create function tell_listeners(most int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  item notification_outbox;
  looked int := 0;
begin
  for item in
    select o.* from notification_outbox o join tenants t on t.tenant_id = o.tenant_id and t.status = 'active'
    where o.due_at <= now() and o.failures < 10 order by o.due_at limit most for update of o skip locked
  loop
    looked := looked + 1;
    begin
      perform tell_of(item);
      delete from notification_outbox o where o.tenant_id = item.tenant_id and o.id = item.id;
    exception when others then
      update notification_outbox o set failures = o.failures + 1, error = left(sqlerrm, 1000),
        due_at = now() + least(power(2, o.failures), 64) * interval '5 seconds'
      where o.tenant_id = item.tenant_id and o.id = item.id;
    end;
  end loop;
  return looked;
end $$;

-- Hands the deliveries of one mail to who sends it: what the person may not know any more, or does not want any more, is left out.
create function mail_pile(of_tenant uuid, person uuid, address text, ids uuid[], base text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  letter uuid := new_uuid_v7();
  good uuid[];
  mailed record;
begin
  if person is not null then
    select u.email into address from users u where u.tenant_id = of_tenant and u.id = person and u.active and u.deleted_at is null;
  end if;
  select array_agg(d.id) into good from deliveries d
  where d.tenant_id = of_tenant and d.id = any (ids) and address is not null and (person is null or (
    may_be_told(of_tenant, person, d.workflow_id) and exists (
      select from subscriptions s
      where s.tenant_id = of_tenant and s.user_id = person and d.event = any (s.events) and 'email' = any (s.channels)
        and s.object_id = any (objects_above(of_tenant, d.workflow_id)))));
  update deliveries d set status = 'dropped', ended_at = now(), error = 'The person may not see it, or does not want it, any more.'
  where d.tenant_id = of_tenant and d.id = any (ids) and (good is null or d.id <> all (good));
  if good is null then
    return;
  end if;
  select min(d.title) as title, count(*) as messages,
    string_agg(concat_ws(e'\n', case when cardinality(good) > 1 then d.title end, d.body, base || d.link), e'\n\n' order by d.id) as text
  into mailed from deliveries d where d.tenant_id = of_tenant and d.id = any (good);
  insert into mails (tenant_id, id, kind, recipient, subject, text, not_before, created_at)
  values (of_tenant, letter, 'notification', address,
    case when mailed.messages = 1 then mailed.title else format('%s notifications', mailed.messages) end, mailed.text, now(), now());
  update deliveries d set status = 'sent', ended_at = now(), mail_id = letter, attempts = d.attempts + 1, error = null
  where d.tenant_id = of_tenant and d.id = any (good);
end $$;

-- Makes mails of what is due, up to so many; of one person what was collected is one mail of up to 200 messages. One worker does it at a time, so
-- that a collection is not divided among two. Answers how many mails it looked at.
create function mail_deliveries(most int, base text) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  pile record;
  looked int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('mail_deliveries', 0)) then
    return 0;
  end if;
  for pile in
    select d.tenant_id, d.user_id, d.recipient, (array_agg(d.id order by d.id))[1:200] as ids
    from (
      select x.* from deliveries x join tenants t on t.tenant_id = x.tenant_id and t.status = 'active'
      where x.status = 'waiting' and x.due_at <= now() order by x.due_at limit 10000) d
    group by d.tenant_id, d.user_id, d.recipient, case when d.collected then d.user_id else d.id end
    order by min(d.due_at) limit most
  loop
    looked := looked + 1;
    begin
      perform mail_pile(pile.tenant_id, pile.user_id, pile.recipient, pile.ids, base);
    exception when others then
      update deliveries d set attempts = d.attempts + 1, error = left(sqlerrm, 1000),
        due_at = now() + least(power(2, d.attempts), 64) * interval '5 seconds',
        status = case when d.attempts >= 9 then 'failed' else 'waiting' end, ended_at = case when d.attempts >= 9 then now() end
      where d.tenant_id = pile.tenant_id and d.id = any (pile.ids);
    end;
  end loop;
  return looked;
end $$;

do $$
declare
  named text;
begin
  foreach named in array array[
    'keep_told_workflow()', 'objects_above(uuid, uuid)', 'is_listened_above(uuid, uuid, text)', 'may_be_told(uuid, uuid, uuid)',
    'told_text(notification_outbox)', 'tell_of(notification_outbox)', 'tell_listeners(int)', 'mail_pile(uuid, uuid, text, uuid[], text)',
    'mail_deliveries(int, text)']
  loop
    execute format('alter function %s owner to workflows_auth', named);
    execute format('revoke execute on function %s from public', named);
    execute format('grant execute on function %s to workflows_auth', named);
  end loop;
end $$;
grant execute on function is_listened_above(uuid, uuid, text), tell_listeners(int), mail_deliveries(int, text) to workflows_worker;
