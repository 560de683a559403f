namespace Workflows.Data.Executions;

/// <summary>
/// How states of executions change, as parts of statements: each rule is written here and nowhere else. In all of them
/// <c>e</c> is the row of executions that is updated. Fragments rather than functions of the database: they cost the
/// hot statements nothing, and an older release beside this one needs no function of this one. The one function that
/// asks executions to stop by itself, <c>overtake_executions</c>, is compared with them by <c>StateRuleTests</c>.
/// </summary>
internal static class StateRules
{
    /// <summary>
    /// Something that the execution waits for has happened: its worker finds that by the raised count, and one without
    /// a worker is queued. A paused one stays paused and finds it when a person resumes it.
    /// </summary>
    public const string Wake = """
        wakes = e.wakes + 1,
        status = case when e.status = 'waiting' then 'queued' else e.status end,
        queued_at = case when e.status = 'waiting' then now() else e.queued_at end
        """;

    /// <summary>As <see cref="Wake"/>, by a row <c>a</c> that says whether the execution's own time is over
    /// (<c>a.timeout</c>): that ends also a paused one, unless it is asked to cancel already.</summary>
    public const string WakeOrTimeOut = """
        wakes = e.wakes + 1,
        status = case when e.status = 'waiting' or (e.status = 'paused' and a.timeout) then 'queued' else e.status end,
        queued_at = case when e.status = 'waiting' or (e.status = 'paused' and a.timeout) then now()
          else e.queued_at end,
        stop_request = case when a.timeout and e.stop_request is distinct from 'cancel' then 'timeout'
          else e.stop_request end
        """;

    /// <summary>
    /// Asks for the end of an execution. A worker carries it out, so that everything that belongs to an end happens:
    /// the one that runs it, or whichever takes it from the queue. The statement gives <c>stop_reason</c>.
    /// </summary>
    public const string RequestStop = """
        stop_request = 'cancel', wakes = e.wakes + 1,
        status = case when e.status in ('waiting', 'paused', 'held') then 'queued' else e.status end,
        queued_at = case when e.status in ('waiting', 'paused', 'held') then now() else e.queued_at end
        """;

    /// <summary>
    /// The admission of starts that have a limit, as the common table <c>admitted</c> (tenant_id, id, status,
    /// not_before) of those that <c>limited</c> lists (tenant_id, id, workflow_id, concurrency_key, concurrency_limit,
    /// policy, rate, and their turn from 1 on). Nothing is asked of the database when there are none.
    /// </summary>
    public const string Admitted = """
        admitted as (
          select l.tenant_id, l.id, a.status, a.not_before
          from (
            select array_agg(l.tenant_id order by l.turn) as tenants,
              array_agg(l.workflow_id order by l.turn) as workflows,
              array_agg(l.concurrency_key order by l.turn) as keys,
              array_agg(l.concurrency_limit order by l.turn) as limits,
              array_agg(l.policy order by l.turn) as policies,
              array_agg(l.rate order by l.turn) as rates
            from limited l
          ) g
          cross join lateral admit_limited_starts(g.tenants, g.workflows, g.keys, g.limits, g.policies, g.rates) a
          join limited l on l.turn = a.place
          where g.tenants is not null
        )
        """;
}
