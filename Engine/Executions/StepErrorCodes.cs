namespace Workflows.Engine.Executions;

/// <summary>The codes of step errors that the engine itself gives; runners add their own (<c>HTTP_503</c>).</summary>
public static class StepErrorCodes
{
    /// <summary>A JSONata expression ended in an error; the message has JSONata's own code and the position.</summary>
    public const string ExpressionError = "EXPRESSION_ERROR";

    /// <summary>A parameter rendered to something the node cannot use.</summary>
    public const string ParameterInvalid = "PARAMETER_INVALID";

    /// <summary>A parameter reads a secret that does not exist.</summary>
    public const string SecretUnknown = "SECRET_UNKNOWN";

    /// <summary>Rendered parameters larger than <see cref="Limits.RenderedParameterBytes"/>.</summary>
    public const string ParametersTooLarge = "PARAMETERS_TOO_LARGE";

    /// <summary>
    /// An output larger than <see cref="Limits.StepOutputBytes"/> or <see cref="Limits.ExecutionOutputBytes"/>.
    /// </summary>
    public const string OutputTooLarge = "OUTPUT_TOO_LARGE";

    /// <summary>An output that is not JSON, or JSON that PostgreSQL cannot keep.</summary>
    public const string OutputInvalid = "OUTPUT_INVALID";

    /// <summary>A runner left by a port that the node does not have.</summary>
    public const string PortUnknown = "PORT_UNKNOWN";

    /// <summary>No case of a switch holds and it has no default.</summary>
    public const string NoCaseMatches = "NO_CASE_MATCHES";

    /// <summary>A join for n branches at which fewer than n arrived.</summary>
    public const string JoinIncomplete = "JOIN_INCOMPLETE";

    /// <summary>An event did not arrive in time and the <c>timeout</c> port is not wired.</summary>
    public const string WaitTimedOut = "WAIT_TIMED_OUT";

    /// <summary>A sub-workflow did not complete; the message has its own error.</summary>
    public const string ChildFailed = "CHILD_FAILED";

    /// <summary>As many executions of a sub-workflow run as its concurrency limit allows, and its overlap policy is <c>skip</c>. Passes by itself.</summary>
    public const string ConcurrencySkipped = "CONCURRENCY_SKIPPED";

    /// <summary>All places of a sub-workflow's concurrency limit are held by the executions that would wait for it.</summary>
    public const string ConcurrencyDeadlock = "CONCURRENCY_DEADLOCK";

    /// <summary>A sub-workflow below more than <see cref="Limits.SubworkflowDepth"/> others: most likely they start each other without end.</summary>
    public const string SubworkflowTooDeep = "SUBWORKFLOW_TOO_DEEP";

    /// <summary>
    /// More executions below one that no other started than its <c>settings.maxDescendants</c> allows: most likely they
    /// start each other without end.
    /// </summary>
    public const string SubworkflowTooMany = "SUBWORKFLOW_TOO_MANY";

    /// <summary>An event after more than <see cref="Limits.RuleHops"/> others that follow from one another: most likely workflows and rules cause each other without end.</summary>
    public const string EventChainTooLong = "EVENT_CHAIN_TOO_LONG";

    /// <summary>A value that does not fit the schema of a <c>validate</c> node, and its <c>invalid</c> port is not wired.</summary>
    public const string ValueInvalid = "VALUE_INVALID";

    /// <summary>A loop over more than <see cref="Limits.LoopItems"/> items.</summary>
    public const string TooManyItems = "TOO_MANY_ITEMS";

    /// <summary>A repeat whose condition still holds after its last round, and the <c>exhausted</c> port is not wired.</summary>
    public const string LoopExhausted = "LOOP_EXHAUSTED";
    /// <summary>Nobody decided on an approval in time and the <c>expired</c> port is not wired.</summary>
    public const string ApprovalExpired = "APPROVAL_EXPIRED";

    /// <summary>None of an approval's assignees exists: nobody could ever decide.</summary>
    public const string ApprovalUnassigned = "APPROVAL_UNASSIGNED";

    /// <summary>The workers know no public address of the API (<c>Api:PublicUrl</c>), so a callback could never come.</summary>
    public const string CallbackUnavailable = "CALLBACK_UNAVAILABLE";

    /// <summary>What a <c>fail</c> node says unless it has a code of its own.</summary>
    public const string Failed = "FAILED";

    /// <summary>The execution's time is over.</summary>
    public const string ExecutionTimedOut = "EXECUTION_TIMED_OUT";

    /// <summary>A run was stopped because its execution ended.</summary>
    public const string Aborted = "ABORTED";
}
