-- People: invitations, links that work once, mails of the platform, and the end of an account.

-- Who was invited. Roles and groups by id, without foreign keys: one that is deleted meanwhile is left out when the invitation is accepted.
create table invitations (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  email        text not null,
  name         text,
  role_ids     uuid[] not null,
  group_ids    uuid[] not null,
  invited_by   uuid,
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  accepted_at  timestamptz,
  revoked_at   timestamptz,
  user_id      uuid,

  primary key (tenant_id, id),
  foreign key (tenant_id, invited_by) references users,
  foreign key (tenant_id, user_id) references users,
  constraint invitations_end_once check (accepted_at is null or revoked_at is null)
);
create unique index invitations_open_email_unique on invitations (tenant_id, lower(email)) where accepted_at is null and revoked_at is null;
create index invitations_expiry on invitations (expires_at);

-- A link that works once. What it holds is signed over this row's id and stored nowhere: neither these rows nor the mails open anything.
create table account_links (
  tenant_id      uuid not null references tenants,
  id             uuid not null,
  kind           text not null,
  user_id        uuid,
  invitation_id  uuid,
  email          text not null, -- the address it goes to
  created_at     timestamptz not null,
  expires_at     timestamptz not null,
  ended_at       timestamptz, -- it was used, or another one took its place

  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, invitation_id) references invitations on delete cascade,
  constraint account_links_kind_known check (kind in ('invitation', 'password_reset', 'email_verification', 'email_change')),
  constraint account_links_of_one check ((kind = 'invitation') = (invitation_id is not null) and (kind = 'invitation') = (user_id is null))
);
create index account_links_by_user on account_links (tenant_id, user_id, kind) where user_id is not null;
create index account_links_by_invitation on account_links (tenant_id, invitation_id) where invitation_id is not null;
create index account_links_expiry on account_links (expires_at);

-- Written in the transaction of what they tell of, sent by a loop of the API. The link is put in when it is sent.
create table mails (
  tenant_id   uuid not null references tenants,
  id          uuid not null,
  kind        text not null,
  recipient   text not null,
  subject     text not null,
  text        text not null,
  link_id     uuid,
  not_before  timestamptz not null,
  attempts    int not null default 0,
  error       text,
  created_at  timestamptz not null,
  sent_at     timestamptz,
  failed_at   timestamptz,

  primary key (tenant_id, id),
  foreign key (tenant_id, link_id) references account_links on delete cascade,
  constraint mails_end_once check (sent_at is null or failed_at is null)
);
create index mails_due on mails (not_before) where sent_at is null and failed_at is null;
create index mails_age on mails (created_at);
create index mails_by_link on mails (tenant_id, link_id) where link_id is not null;

-- A person's second factor: a secret from which an app makes a code every 30 seconds (RFC 6238), and codes for the day when it is lost.
create table second_factors (
  tenant_id     uuid not null,
  user_id       uuid not null,
  key_id        text not null,
  sealed        bytea not null,
  last_step     bigint not null default 0, -- of the last code that was accepted: none is accepted twice
  created_at    timestamptz not null,
  confirmed_at  timestamptz, -- it counts from here on

  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index second_factors_by_key on second_factors (key_id);

create table recovery_codes (
  tenant_id  uuid not null,
  user_id    uuid not null,
  hash       bytea not null,
  used_at    timestamptz,

  primary key (tenant_id, user_id, hash),
  foreign key (tenant_id, user_id) references second_factors on delete cascade
);

call protect_tenant_table('second_factors');
call protect_tenant_table('recovery_codes');
grant select, insert, update, delete on second_factors, recovery_codes to workflows_api;
-- Workers seal anew what is sealed under a former key.
call open_to_worker('second_factors', 'select, update (key_id, sealed)');

call protect_tenant_table('invitations');
call protect_tenant_table('account_links');
call protect_tenant_table('mails');
grant select, insert, update, delete on invitations, account_links, mails to workflows_api;
call open_to_auth('invitations', 'select, delete');
call open_to_auth('account_links', 'select, update, delete');
call open_to_auth('mails', 'select, update, delete');

-- Filters of the list of users.
create index users_by_name on users (tenant_id, lower(name) text_pattern_ops) where deleted_at is null;
create index users_by_address on users (tenant_id, lower(email) text_pattern_ops) where deleted_at is null;
create index users_inactive on users (tenant_id, id) where deleted_at is null and not active;

-- Takes mails that are due, of all tenants, for as long as sending may take: when the process dies they are due again. The oldest of each tenant
-- come first, so that nobody's mass of mails holds up the others.
create function claim_mails(most int, lease interval)
  returns table (tenant_id uuid, id uuid, kind text, recipient text, subject text, text text, attempts int, created_at timestamptz,
    link_id uuid, link_kind text, link_good boolean)
  language sql security definer set search_path = public
as $$
  with due as (
    select m.tenant_id, m.id, row_number() over (partition by m.tenant_id order by m.not_before, m.id) as place
    from (
      select d.tenant_id, d.id, d.not_before from mails d join tenants t on t.tenant_id = d.tenant_id and t.status = 'active'
      where d.sent_at is null and d.failed_at is null and d.not_before <= now()
      order by d.not_before limit 1000) m
  ),
  taken as (
    select m.tenant_id, m.id from mails m join due d on d.tenant_id = m.tenant_id and d.id = m.id
    where m.sent_at is null and m.failed_at is null and m.not_before <= now()
    order by d.place, m.not_before limit most for update of m skip locked
  ),
  claimed as (
    update mails m set attempts = m.attempts + 1, not_before = now() + lease
    from taken x where m.tenant_id = x.tenant_id and m.id = x.id
    returning m.*
  )
  select c.tenant_id, c.id, c.kind, c.recipient, c.subject, c.text, c.attempts, c.created_at, c.link_id, l.kind,
    c.link_id is null or (l.ended_at is null and l.expires_at > now())
  from claimed c left join account_links l on l.tenant_id = c.tenant_id and l.id = c.link_id
$$;

-- Mails, links and invitations that are over for so long: they hold addresses of people.
create function forget_old_mails(keep interval, most int) returns int
  language plpgsql security definer set search_path = public as $$
declare
  gone int;
  total int := 0;
begin
  delete from mails m using (
    select tenant_id, id from mails where created_at < now() - keep order by created_at limit most for update skip locked) x
  where m.tenant_id = x.tenant_id and m.id = x.id;
  get diagnostics gone = row_count;
  total := gone;
  delete from account_links l using (
    select tenant_id, id from account_links where expires_at < now() - keep order by expires_at limit most for update skip locked) x
  where l.tenant_id = x.tenant_id and l.id = x.id;
  get diagnostics gone = row_count;
  total := total + gone;
  delete from invitations i using (
    select tenant_id, id from invitations where expires_at < now() - keep order by expires_at limit most) x
  where i.tenant_id = x.tenant_id and i.id = x.id;
  get diagnostics gone = row_count;
  return total + gone;
end $$;

-- Gives what a person of the tenant owns to another: every column owner_id there is, so that a table that comes later is not forgotten.
-- Without another it counts. With the rights of the caller.
create function hand_over(from_user uuid, to_user uuid) returns bigint
  language plpgsql set search_path = public as $$
declare
  owned record;
  found_rows bigint;
  total bigint := 0;
begin
  for owned in
    select c.relname as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'owner_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by c.relname
  loop
    if to_user is null then
      execute format('select count(*) from %I where tenant_id = $1 and owner_id = $2', owned.name)
        into found_rows using current_tenant(), from_user;
    else
      execute format('update %I set owner_id = $3 where tenant_id = $1 and owner_id = $2', owned.name)
        using current_tenant(), from_user, to_user;
      get diagnostics found_rows = row_count;
    end if;
    total := total + found_rows;
  end loop;
  return total;
end $$;

-- Takes a deleted person's name and traces out of what is otherwise append-only: the activity, decisions and comments. Nothing else of the rows changes,
-- and of who is not deleted nothing at all.
call open_to_auth('user_activity', 'select');
call open_to_auth('approval_decisions', 'select');
call open_to_auth('approval_comments', 'select');
grant update (actor_name, object_name, ip, user_agent, before, after) on user_activity to workflows_auth;
grant update (decided_by) on approval_decisions to workflows_auth;
grant update (written_by) on approval_comments to workflows_auth;

create function erase_person(person uuid, pseudonym text) returns bigint
  language plpgsql security definer set search_path = public as $$
declare
  known record;
  changed bigint;
  total bigint;
begin
  select u.tenant_id, u.email, u.name, u.username into known
  from users u where u.tenant_id = current_tenant() and u.id = person and u.deleted_at is not null;
  if not found then
    raise exception 'Only who is deleted can be erased.' using errcode = 'WF014';
  end if;
  update user_activity a set actor_name = pseudonym, ip = null, user_agent = null,
    object_name = case when lower(a.object_name) in (lower(known.email), lower(known.name), lower(known.username)) then pseudonym else a.object_name end
  where a.tenant_id = known.tenant_id and a.actor_id = person;
  get diagnostics total = row_count;
  update user_activity a set object_name = pseudonym,
    before = case when a.before is not null then '{"erased": true}'::jsonb end, after = case when a.after is not null then '{"erased": true}'::jsonb end
  where a.tenant_id = known.tenant_id and a.object_id = person;
  get diagnostics changed = row_count;
  total := total + changed;
  update user_activity a set after = jsonb_build_object('id', person)
  where a.tenant_id = known.tenant_id and a.action = 'group.add_member' and a.after ->> 'id' = person::text;
  update user_activity a set object_name = pseudonym, after = case when a.after is not null then '{"erased": true}'::jsonb end
  where a.tenant_id = known.tenant_id and a.action in ('invitation.create', 'invitation.accept', 'invitation.resend', 'invitation.revoke')
    and lower(a.object_name) = lower(known.email);
  update approval_decisions d set decided_by = pseudonym where d.tenant_id = known.tenant_id and d.user_id = person;
  get diagnostics changed = row_count;
  total := total + changed;
  update approval_comments c set written_by = pseudonym where c.tenant_id = known.tenant_id and c.user_id = person;
  get diagnostics changed = row_count;
  return total + changed;
end $$;

alter function claim_mails(int, interval) owner to workflows_auth;
alter function forget_old_mails(interval, int) owner to workflows_auth;
alter function erase_person(uuid, text) owner to workflows_auth;
revoke execute on function claim_mails(int, interval), forget_old_mails(interval, int), hand_over(uuid, uuid), erase_person(uuid, text) from public;
grant execute on function claim_mails(int, interval), forget_old_mails(interval, int), hand_over(uuid, uuid), erase_person(uuid, text) to workflows_api;
