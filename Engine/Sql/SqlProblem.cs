namespace Workflows.Engine.Sql;

/// <summary>Why a statement and the values given for it do not fit.</summary>
/// <param name="Name">The member of the values that is too many; null when the statement wants what is not
/// given.</param>
/// <param name="Message">What is wrong, in one sentence.</param>
/// <param name="Hint">What to do about it.</param>
public sealed record SqlProblem(string? Name, string Message, string Hint);
