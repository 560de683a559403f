drop trigger waits_cancel_approval on waits;
drop trigger waits_close_approval on waits;
drop function close_approval_request(), approval_result(uuid, uuid, text), people_of(uuid, text[], uuid[]), find_principal(uuid, text, text);
drop function callback_lock(uuid, text, text);
drop table callback_calls, notifications, approval_tasks, approval_comments, approval_decisions, approval_assignees, approval_requests, substitutions, user_groups, groups;
