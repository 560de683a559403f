using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>What settles an approval.</summary>
public enum ApprovalMode
{
    /// <summary>The first decision, either way.</summary>
    Any,

    /// <summary>An approval for every assignee (of a group or role: by one member); one rejection ends it.</summary>
    All,

    /// <summary>So many people's approvals; rejected as soon as they cannot be reached any more.</summary>
    Count,
}

/// <summary>Parameters of <c>approval</c>.</summary>
public sealed record ApprovalParameters
{
    [Parameter("What is asked.", Required = true, Kind = ParameterKind.Text, MaxLength = Limits.ApprovalTitleLength, Example = "\"Refund {{ input.amount }} EUR?\"")]
    public JsonTemplate? Title { get; init; }

    [Parameter("What the approver should know.", Kind = ParameterKind.Text, MaxLength = Limits.ApprovalDescriptionLength)]
    public JsonTemplate? Description { get; init; }

    [Parameter("Users who may decide, by e-mail address or id: a text or a list of texts.", Example = "[\"ann@example.com\"]")]
    public JsonTemplate? Users { get; init; }

    [Parameter("Groups whose members may decide, by name or id. Who is a member when deciding counts.", Example = "[\"finance\"]")]
    public JsonTemplate? Groups { get; init; }

    [Parameter("Roles whose holders may decide, by name or id.", Example = "[\"admin\"]")]
    public JsonTemplate? Roles { get; init; }

    [Parameter(
        "What settles it: `any` = the first decision; `all` = an approval for every assignee, one rejection ends it; `count` = the approvals of `count` people, rejected once they cannot be reached.")]
    public ApprovalMode Mode { get; init; } = ApprovalMode.Any;

    [Parameter("How many people must approve; with mode `count` only.", Kind = ParameterKind.Integer, Min = 1, Max = Limits.Assignees)]
    public JsonTemplate? Count { get; init; }

    [Parameter("Whether the user who started the execution may decide, too.")]
    public bool AllowSelfApproval { get; init; } = true;

    [Parameter("After how many seconds a decision is due. Shown to the approvers; nothing happens then by itself.", Kind = ParameterKind.Number, Min = 1, Max = Limits.WaitSeconds)]
    public JsonTemplate? DueSeconds { get; init; }

    [Parameter(
        "After how many seconds the request expires. Then the node leaves by `expired`; with nothing wired there it fails. Left out: never.",
        Kind = ParameterKind.Number,
        Min = 1,
        Max = Limits.WaitSeconds)]
    public JsonTemplate? ExpirySeconds { get; init; }

    [Parameter("Seconds from one reminder of those who have not decided to the next. Left out: none.", Kind = ParameterKind.Number, Min = 1, Max = Limits.WaitSeconds)]
    public JsonTemplate? ReminderSeconds { get; init; }

    [Parameter("How many reminders at most.", Min = 1, Max = Limits.ApprovalReminders)]
    public int MaxReminders { get; init; } = 3;

    [Parameter(
        "After how many seconds further people may decide, each of them for all who have not.",
        Kind = ParameterKind.Number,
        Min = 1,
        Max = Limits.WaitSeconds)]
    public JsonTemplate? EscalationSeconds { get; init; }

    [Parameter("Users to escalate to.")]
    public JsonTemplate? EscalationUsers { get; init; }

    [Parameter("Groups to escalate to.")]
    public JsonTemplate? EscalationGroups { get; init; }

    [Parameter("Roles to escalate to.")]
    public JsonTemplate? EscalationRoles { get; init; }

    [Parameter(
        "JSON Schema of what the approver fills in; an approval without data that fits is refused.",
        Kind = ParameterKind.Object,
        Example = """{"type": "object", "properties": {"limit": {"type": "number"}}, "required": ["limit"]}""")]
    public JsonTemplate? Form { get; init; }

    [Parameter("What the approver is shown besides: any JSON.", Example = """{"order": "{{ input.orderId }}"}""")]
    public JsonTemplate? Data { get; init; }
}

internal sealed class ApprovalNode() : NodeType<ApprovalParameters>(
    "approval",
    "wait",
    NodeEffect.Wait,
    "Asks people for a decision and waits for it. Costs a row, no worker, however long it takes.",
    new NodePort(NodePort.Approved, "The people asked have approved."),
    new NodePort(NodePort.Rejected, "They have rejected, or enough approvals cannot be reached any more."),
    new NodePort(NodePort.Expired, "There was no decision in time."),
    NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "`outcome` (approved, rejected, expired), `requestId`, `decisions` (each `by`, `userId`, `onBehalfOf`, `decision`, `comment`, `at`, `form`), and `form`, that of the last approval.";

    private protected override NodeAction? Compile(ApprovalParameters parameters, NodeCompilation node)
    {
        var problems = node.Problems.Problems.Count;
        if (parameters is { Users: null, Groups: null, Roles: null })
        {
            node.Reject("", DefinitionProblemCodes.ParameterMissing, "Nobody is asked.", "Give users, groups or roles.");
        }

        Together(node, "count", parameters.Count is not null, "mode", parameters.Mode == ApprovalMode.Count);
        var hasTargets = parameters is not { EscalationUsers: null, EscalationGroups: null, EscalationRoles: null };
        Together(node, "escalationSeconds", parameters.EscalationSeconds is not null, "escalationUsers", hasTargets);
        if (parameters.Form is not null && node.Parameters.GetProperty("form") is var form && !form.GetRawText().Contains("{{", StringComparison.Ordinal))
        {
            InputSchemaReader.Read(form, ProblemList.Append(node.ParametersPointer, "form"), node.Problems);
        }

        return node.Problems.Problems.Count == problems ? new ApprovalAction(parameters) : null;
    }

    private static void Together(NodeCompilation node, string first, bool hasFirst, string second, bool hasSecond)
    {
        if (hasFirst != hasSecond)
        {
            node.Reject(
                hasFirst ? first : second,
                DefinitionProblemCodes.ParameterConflict,
                hasFirst ? $"'{first}' has no effect without '{second}'." : $"'{second}' needs '{first}'.",
                "Give both or neither.");
        }
    }
}
