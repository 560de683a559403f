using Workflows.Data.Executions;

namespace Workflows.Data.Isolation;

/// <summary>One item of a batch over several tenants that failed when it was tried alone.</summary>
/// <param name="What">Its kind, in words for a log: schedule, job run, approval task, start.</param>
/// <param name="Key">Its tenant and its id.</param>
/// <param name="Reason">Why, as <see cref="Batches.ReasonOf"/> says; at most <see cref="Limits.SetAsideReasonLength"/>
/// characters.</param>
/// <param name="IsForGood">
/// True when it was taken out with the reason on its row, so that it is not met again; false when the failure may lie
/// in the database and
/// it is tried again in the next round.
/// </param>
public sealed record SetAside(string What, ExecutionKey Key, string Reason, bool IsForGood);
