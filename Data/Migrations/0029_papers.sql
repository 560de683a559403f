-- Papers and money of a company: its billing address and invoices, terms and who accepted them, tickets, announcements, use and budgets.

-- One per tenant, written by its own people.
create table billing_profiles (
  tenant_id      uuid primary key references tenants,
  company        text not null,
  address        text[] not null,
  postal_code    text not null default '',
  city           text not null default '',
  country        text not null,
  vat_number     text,
  contact_name   text not null default '',
  contact_email  text not null,
  version        int not null default 1,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,

  constraint billing_profiles_country_form check (country ~ '^[A-Z]{2}$')
);

-- A tenant's invoices, written by the platform's operators. Records: nothing is paid here.
create table invoices (
  tenant_id     uuid not null references tenants,
  id            uuid not null,
  number        text not null,
  status        text not null default 'draft',
  currency      text not null,
  period_start  date not null,
  period_end    date not null,
  due_on        date,
  lines         jsonb not null,
  net           numeric(19, 4) not null,
  tax           numeric(19, 4) not null,
  total         numeric(19, 4) not null,
  note          text not null default '',
  billed_to     jsonb, -- the billing address at the moment of issue
  issued_at     timestamptz,
  paid_at       timestamptz,
  voided_at     timestamptz,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  primary key (tenant_id, id),
  constraint invoices_number_unique unique (tenant_id, number),
  constraint invoices_status_known check (status in ('draft', 'issued', 'paid', 'void')),
  constraint invoices_currency_form check (currency ~ '^[A-Z]{3}$'),
  constraint invoices_period_whole check (period_end >= period_start),
  constraint invoices_adds_up check (total = net + tax),
  constraint invoices_issued_iff_no_draft check ((issued_at is not null) = (status <> 'draft')),
  constraint invoices_paid_iff_so check ((paid_at is not null) = (status = 'paid')),
  constraint invoices_void_iff_so check ((voided_at is not null) = (status = 'void'))
);
create index invoices_newest on invoices (id);

-- What was issued is what the tenant got: only its status goes on, and nobody deletes it before the whole tenant is erased.
create function keep_issued_invoice() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  if (to_jsonb(new) - '{status,issued_at,paid_at,voided_at,version,updated_at}'::text[])
      is distinct from (to_jsonb(old) - '{status,issued_at,paid_at,voided_at,version,updated_at}'::text[])
    or new.status = 'draft' or old.status = 'void' or new.issued_at is distinct from old.issued_at then
    raise exception 'An invoice that was issued changes its status only.' using errcode = 'WF016';
  end if;
  return new;
end $$;
create trigger invoices_keep_issued before update on invoices
  for each row when (old.status <> 'draft') execute function keep_issued_invoice();

-- Terms by version: those of a tenant for its people, those of the platform's tenant for everybody's.
create table terms (
  tenant_id   uuid not null references tenants,
  id          uuid not null,
  number      int not null,
  title       text not null,
  text        text not null,
  required    boolean not null default false,
  valid_from  timestamptz not null,
  created_by  uuid,
  version     int not null default 1,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,

  primary key (tenant_id, id),
  constraint terms_number_unique unique (tenant_id, number)
);
create index terms_by_validity on terms (tenant_id, valid_from desc, number desc);

-- Under the person's tenant, also where the terms are the platform's.
create table terms_acceptances (
  tenant_id    uuid not null,
  user_id      uuid not null,
  terms_id     uuid not null,
  accepted_at  timestamptz not null,
  ip           text,
  user_agent   text,

  primary key (tenant_id, user_id, terms_id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index terms_acceptances_by_terms on terms_acceptances (tenant_id, terms_id, user_id);

create table ticket_labels (
  tenant_id    uuid not null references tenants,
  id           uuid not null,
  name         text not null,
  color        text not null default '',
  description  text not null default '',
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,

  primary key (tenant_id, id),
  constraint ticket_labels_name_unique unique (tenant_id, name)
);

-- addressed_to says whose support answers: the tenant's own people, or the platform's operators, who then see it, too.
create table tickets (
  tenant_id     uuid not null references tenants,
  id            uuid not null,
  addressed_to  text not null default 'tenant',
  title         text not null,
  text          text not null default '',
  status        text not null default 'open',
  priority      text not null default 'normal',
  labels        text[] not null default '{}',
  created_by    uuid,
  assignee_id   uuid,
  closed_at     timestamptz,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, created_by) references users,
  foreign key (tenant_id, assignee_id) references users,
  constraint tickets_address_known check (addressed_to in ('tenant', 'platform')),
  constraint tickets_status_known check (status in ('open', 'in_progress', 'waiting', 'resolved', 'closed')),
  constraint tickets_priority_known check (priority in ('low', 'normal', 'high', 'urgent')),
  constraint tickets_closed_iff_so check ((closed_at is not null) = (status = 'closed'))
);
create index tickets_by_creator on tickets (tenant_id, created_by, id) where created_by is not null;
create index tickets_by_assignee on tickets (tenant_id, assignee_id, id) where assignee_id is not null;
create index tickets_for_platform on tickets (id) where addressed_to = 'platform';

-- author_id is a user of the tenant, or an operator of the platform where by_platform says so.
create table ticket_comments (
  tenant_id    uuid not null,
  ticket_id    uuid not null,
  id           uuid not null,
  text         text not null,
  author_id    uuid,
  by_platform  boolean not null default false,
  created_at   timestamptz not null,

  primary key (tenant_id, ticket_id, id),
  foreign key (tenant_id, ticket_id) references tickets on delete cascade
);

-- audience_kinds and audience_ids are one list of roles and groups; empty = all people of the tenant. Those of the platform's tenant are for all
-- people of all tenants.
create table announcements (
  tenant_id       uuid not null references tenants,
  id              uuid not null,
  title           text not null,
  text            text not null default '',
  level           text not null default 'info',
  audience_kinds  text[] not null default '{}',
  audience_ids    uuid[] not null default '{}',
  starts_at       timestamptz not null,
  ends_at         timestamptz,
  created_by      uuid,
  version         int not null default 1,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,

  primary key (tenant_id, id),
  constraint announcements_level_known check (level in ('info', 'success', 'warning', 'error')),
  constraint announcements_audience_whole check (cardinality(audience_kinds) = cardinality(audience_ids)),
  constraint announcements_end_after_beginning check (ends_at > starts_at)
);

-- Under the reader's tenant. It outlives the announcement by nothing that matters: both go with their tenants.
create table announcement_reads (
  tenant_id        uuid not null,
  user_id          uuid not null,
  announcement_id  uuid not null,
  read_at          timestamptz not null,

  primary key (tenant_id, user_id, announcement_id),
  foreign key (tenant_id, user_id) references users on delete cascade
);

-- What a tenant has used, by day (UTC): executions that ended and their steps, added up by those who add up performance_deltas; storage as it was
-- last measured. Kept for as long as workflow_performance.
create table usage_daily (
  tenant_id      uuid not null,
  day            date not null,
  executions     bigint not null default 0,
  failures       bigint not null default 0,
  steps          bigint not null default 0,
  storage_bytes  bigint,
  measured_at    timestamptz,

  primary key (tenant_id, day)
);
create index usage_daily_expiry on usage_daily (day);
insert into usage_daily (tenant_id, day, executions, failures)
select p.tenant_id, (p.hour at time zone 'UTC')::date, sum(p.executions),
  coalesce(sum(p.executions) filter (where p.status in ('failed', 'timed_out')), 0)
from workflow_performance p group by 1, 2;

alter table performance_deltas add column steps bigint not null default 0;

-- used and measured_at are the last round's; version counts what people change.
create table budgets (
  tenant_id     uuid not null references tenants,
  id            uuid not null,
  name          text not null,
  kind          text not null,
  period        text not null,
  amount        bigint not null,
  thresholds    int[] not null,
  hard_stop     boolean not null default false,
  enabled       boolean not null default true,
  mail          boolean not null default false,
  notify_kinds  text[] not null default '{}',
  notify_ids    uuid[] not null default '{}',
  used          bigint not null default 0,
  measured_at   timestamptz,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,

  primary key (tenant_id, id),
  constraint budgets_name_unique unique (tenant_id, name),
  constraint budgets_kind_known check (kind in ('executions', 'steps', 'storage')),
  constraint budgets_period_known check (period in ('day', 'month')),
  constraint budgets_amount_positive check (amount > 0),
  constraint budgets_notify_whole check (cardinality(notify_kinds) = cardinality(notify_ids))
);

-- The key is what makes a second alert of one threshold in one period impossible, whoever looks.
create table budget_alerts (
  tenant_id     uuid not null,
  budget_id     uuid not null,
  period_start  timestamptz not null,
  threshold     int not null,
  used          bigint not null,
  amount        bigint not null,
  at            timestamptz not null,

  primary key (tenant_id, budget_id, period_start, threshold),
  foreign key (tenant_id, budget_id) references budgets on delete cascade
);
create index budget_alerts_expiry on budget_alerts (at);

-- While a row is here and until has not come, nothing new of the tenant starts.
create table budget_stops (
  tenant_id  uuid not null,
  budget_id  uuid not null,
  name       text not null,
  until      timestamptz not null,

  primary key (tenant_id, budget_id),
  foreign key (tenant_id, budget_id) references budgets on delete cascade
);

call protect_tenant_table('billing_profiles');
call protect_tenant_table('invoices');
create policy invoices_kept on invoices as restrictive for delete to workflows_api, workflows_member using (status = 'draft');
call protect_tenant_table('terms');
call protect_tenant_table('terms_acceptances');
call protect_tenant_table('ticket_labels');
call protect_tenant_table('tickets');
call protect_tenant_table('ticket_comments');
call protect_tenant_table('announcements');
call protect_tenant_table('announcement_reads');
call protect_tenant_table('usage_daily');
call protect_tenant_table('budgets');
call protect_tenant_table('budget_alerts');
call protect_tenant_table('budget_stops');
grant select, insert, update on billing_profiles to workflows_api;
grant select, insert, update, delete on invoices, terms, ticket_labels, tickets, announcements, budgets to workflows_api;
grant select, insert, update on terms_acceptances, announcement_reads to workflows_api;
grant select, insert on ticket_comments to workflows_api;
grant select on usage_daily, budget_alerts to workflows_api;
grant select, delete on budget_stops to workflows_api;
call open_to_worker('usage_daily', 'select, insert, update, delete');
call open_to_worker('budgets', 'select, update (used, measured_at)');
call open_to_worker('budget_alerts', 'select, insert, delete');
call open_to_worker('budget_stops', 'select, insert, update, delete');

-- What the platform says to everybody, as far as it is due, and what is addressed to it. Nothing else crosses the boundary of tenants.
create policy platform_terms on terms for select to workflows_api, workflows_member
  using (tenant_id = '00000000-0000-7000-8000-000000000001' and valid_from <= now() and (select current_tenant()) is not null);
create policy platform_announcements on announcements for select to workflows_api, workflows_member
  using (tenant_id = '00000000-0000-7000-8000-000000000001' and starts_at <= now() and (ends_at is null or ends_at > now())
    and (select current_tenant()) is not null);
create policy platform_invoices on invoices for select to workflows_api
  using ((select current_tenant()) = '00000000-0000-7000-8000-000000000001');
create policy platform_tickets on tickets for select to workflows_api
  using (addressed_to = 'platform' and (select current_tenant()) = '00000000-0000-7000-8000-000000000001');
create policy platform_ticket_comments on ticket_comments for select to workflows_api
  using ((select current_tenant()) = '00000000-0000-7000-8000-000000000001' and exists (
    select from tickets t where t.tenant_id = ticket_comments.tenant_id and t.id = ticket_comments.ticket_id and t.addressed_to = 'platform'));

-- Tells the people of an alert: as a notification, and by mail where the budget says so. Without anybody named: the owners.
call open_to_auth('notifications', 'select, insert');
grant insert on mails to workflows_auth;
create function tell_of_budget(of_tenant uuid, kinds text[], ids uuid[], by_mail boolean, source text, level text, title text, body text)
  returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  told int;
begin
  if cardinality(kinds) = 0 then
    select array_agg('role'::text), array_agg(r.id) into kinds, ids
    from roles r where r.tenant_id = of_tenant and r.built_in and r.name = 'owner';
  end if;
  insert into notifications (tenant_id, user_id, id, source, kind, level, title, body, link, created_at)
  select of_tenant, p.id, new_uuid_v7(), tell_of_budget.source, 'budget', tell_of_budget.level, tell_of_budget.title, tell_of_budget.body,
    '/budgets', now()
  from people_of(of_tenant, kinds, ids) as p (id)
  on conflict do nothing;
  get diagnostics told = row_count;
  if by_mail then
    insert into mails (tenant_id, id, kind, recipient, subject, text, not_before, created_at)
    select of_tenant, new_uuid_v7(), 'budget', u.email, tell_of_budget.title, tell_of_budget.body, now(), now()
    from people_of(of_tenant, kinds, ids) as p (id) join users u on u.tenant_id = of_tenant and u.id = p.id;
  end if;
  return told;
end $$;
alter function tell_of_budget(uuid, text[], uuid[], boolean, text, text, text, text) owner to workflows_auth;
revoke execute on function tell_of_budget(uuid, text[], uuid[], boolean, text, text, text, text) from public;
grant execute on function tell_of_budget(uuid, text[], uuid[], boolean, text, text, text, text) to workflows_worker;

-- What the rows of tenants take up, as they are stored and without indexes. Reads at most so many pages of each table, spread over it: exact for tables
-- that are smaller, an estimate for those that are larger. With the rights of the caller.
create function measure_storage(most_pages int) returns table (tenant_id uuid, bytes bigint)
  language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  source text;
  widths text;
  pages bigint;
begin
  foreach source in array '{executions,step_executions,events,execution_logs,context_entries,workflow_versions}'::text[] loop
    select string_agg(format('coalesce(pg_column_size(t.%I), 0)', a.attname), ' + ') into widths
    from pg_attribute a where a.attrelid = source::regclass and a.attnum > 0 and not a.attisdropped;
    select coalesce((select sum(pg_relation_size(p.relid)) from pg_partition_tree(source::regclass) p where p.isleaf),
      pg_relation_size(source::regclass)) / 8192 into pages;
    return query execute format(
      'select t.tenant_id, (sum(28 + %s) * 100 / $1)::bigint from %I t tablesample system ($1) group by 1', widths, source)
      using least(100, 100.0 * most_pages / greatest(pages, 1))::real;
  end loop;
end $$;
revoke execute on function measure_storage(int) from public;
grant execute on function measure_storage(int) to workflows_worker;

-- A start from SQL is refused in the caller's transaction. The rows of everybody else do not get here.
call open_to_auth('budget_stops', 'select');
create function refuse_over_budget() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  stop record;
begin
  select s.name, s.until into stop from budget_stops s where s.tenant_id = new.tenant_id and s.until > now() order by s.until desc limit 1;
  if found then
    raise exception 'The budget "%" is used up.', stop.name
      using errcode = 'WF015', hint = format('It stops starts until %s.', stop.until);
  end if;
  return new;
end $$;
alter function refuse_over_budget() owner to workflows_auth;
revoke execute on function refuse_over_budget() from public;
create trigger executions_within_budget before insert on executions
  for each row when (new.trigger_type = 'sql') execute function refuse_over_budget();
