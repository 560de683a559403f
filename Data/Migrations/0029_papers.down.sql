drop trigger executions_within_budget on executions;
drop function refuse_over_budget();
drop function measure_storage(int);
drop function tell_of_budget(uuid, text[], uuid[], boolean, text, text, text, text);
revoke insert on mails from workflows_auth;
drop policy auth_access on notifications;
revoke select, insert on notifications from workflows_auth;
drop table budget_stops, budget_alerts, budgets, usage_daily, announcement_reads, announcements, ticket_comments, tickets, ticket_labels,
  terms_acceptances, terms, invoices, billing_profiles;
drop function keep_issued_invoice();
alter table performance_deltas drop column steps;
