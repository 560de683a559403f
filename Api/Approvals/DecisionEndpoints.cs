using System.Text;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Data.Approvals;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Approvals;

/// <summary>
/// What people do with an approval request. A decision needs no idempotency key: a person has one, and the same one sent again gets the same answer.
/// </summary>
internal static class DecisionEndpoints
{
    public static async Task<ApiResponse<DecidedView>> DecideAsync(
        Guid approvalId, Body<DecideRequest> body, ApiRequest request, ApprovalInbox inbox, DecisionStore decisions, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (wanted.Decision is not ("approve" or "reject"))
        {
            return Problem.Invalid("/decision", "'decision' is approve or reject.");
        }

        if (new Checks().Text("comment", wanted.Comment, Limits.CommentLength).Problem is { } problem)
        {
            return problem;
        }

        if (await ApprovalEndpoints.FindAsync(approvalId, request, inbox, cancellationToken) is not { } detail)
        {
            return new Problem(Errors.ApprovalNotFound);
        }

        if (request.Caller.UserId is not { } userId)
        {
            return new Problem(Errors.Forbidden, "Only people decide; an API key stands for none.");
        }

        var form = wanted.Form is { ValueKind: not JsonValueKind.Null } given ? given : (JsonElement?)null;
        if (detail.Item.Status == "open" && CheckForm(detail, wanted.Decision == "approve", form) is { } unfit)
        {
            return unfit;
        }

        var outcome = await decisions.DecideAsync(
            new NewDecision(
                request.Caller.TenantId, approvalId, userId, request.Caller.Name, wanted.Decision == "approve", wanted.Comment,
                form is null ? null : Encoding.UTF8.GetBytes(form.Value.GetRawText())),
            request.Actor,
            cancellationToken);
        return outcome switch
        {
            DecisionOutcome.Recorded recorded => new DecidedView(approvalId, wanted.Decision, recorded.Status),
            DecisionOutcome.NotFound => new Problem(Errors.ApprovalNotFound),
            DecisionOutcome.NotAsked => new Problem(Errors.ApprovalNotYours, "The decision is asked of others."),
            DecisionOutcome.OwnRequest => new Problem(Errors.ApprovalNotYours, "You started the execution; this request is for others to decide."),
            DecisionOutcome.AlreadyDecided already => new Problem(
                Errors.AlreadyDecided, $"Your decision is '{already.Decision}'.", [new ErrorDetail("/decision", "DECIDED", already.Decision)]),
            DecisionOutcome.Closed closed => Closed(closed.Status),
            _ => throw new InvalidOperationException($"An outcome {outcome} is not known here."),
        };
    }

    public static async Task<ApiResponse<Done>> DelegateAsync(
        Guid approvalId, Body<DelegateRequest> body, ApiRequest request, ApprovalInbox inbox, ApprovalParts parts, CancellationToken cancellationToken)
    {
        if (await ApprovalEndpoints.FindAsync(approvalId, request, inbox, cancellationToken) is not { } detail)
        {
            return new Problem(Errors.ApprovalNotFound);
        }

        return request.Caller.UserId is not { } userId
            ? new Problem(Errors.Forbidden, "Only people delegate; an API key stands for none.")
            : await parts.DelegateAsync(request.Caller.TenantId, approvalId, userId, body.Value.To, request.Actor, cancellationToken) switch
            {
                PartOutcome.Done => new Done(approvalId, "delegated"),
                PartOutcome.NotFound => new Problem(Errors.ApprovalNotFound),
                PartOutcome.NothingToDelegate => new Problem(
                    Errors.ApprovalNotYours, "You are not asked in person, or have decided already. What is asked of a group or role, its other members may decide."),
                PartOutcome.NotToThem => Problem.Invalid("/to", "That is no active user, or one who is asked already or may not decide on this request."),
                _ => Closed(detail.Item.Status),
            };
    }

    public static async Task<ApiResponse<CommentView>> CommentAsync(
        Guid approvalId, Body<CommentRequest> body, ApiRequest request, ApprovalInbox inbox, ApprovalParts parts, CancellationToken cancellationToken)
    {
        var text = body.Value.Text;
        if (string.IsNullOrWhiteSpace(text) || text.Length > Limits.CommentLength)
        {
            return Problem.Invalid("/text", $"A comment has 1 to {Limits.CommentLength} characters.");
        }

        if (await ApprovalEndpoints.FindAsync(approvalId, request, inbox, cancellationToken) is not { } detail)
        {
            return new Problem(Errors.ApprovalNotFound);
        }

        if (request.Caller.UserId is not { } userId)
        {
            return new Problem(Errors.Forbidden, "Only people comment; an API key stands for none.");
        }

        var id = Guid.CreateVersion7(request.Now);
        return await parts.CommentAsync(request.Caller.TenantId, approvalId, id, userId, text, request.Actor, cancellationToken) switch
        {
            PartOutcome.Done => new CommentView(id, userId, request.Caller.Name, text, request.Now),
            PartOutcome.NotFound => new Problem(Errors.ApprovalNotFound),
            PartOutcome.TooMany => new Problem(Errors.LimitReached, $"A request has at most {Data.Limits.ApprovalComments} comments."),
            _ => Closed(detail.Item.Status),
        };
    }

    // Who rejects need not fill in anything; what is given all the same must fit.
    private static Problem? CheckForm(ApprovalDetail detail, bool approves, JsonElement? form)
    {
        if (form is { } data && Encoding.UTF8.GetByteCount(data.GetRawText()) > Limits.DecisionFormBytes)
        {
            return Problem.Invalid("/form", $"The data of a form have at most {Limits.DecisionFormBytes} bytes.", "TOO_LONG");
        }

        if (detail.Form is not { } schema)
        {
            return form is null ? null : Problem.Invalid("/form", "This request has no form.");
        }

        if (form is null && !approves)
        {
            return null;
        }

        var problems = FormSchema.Validate(schema, form ?? JsonElement.Parse("{}"));
        return problems.Count == 0
            ? null
            : new Problem(Errors.FormInvalid, problems[0].Message, [.. problems.Select(found => new ErrorDetail("/form" + found.Pointer, found.Keyword, found.Message))]);
    }

    private static Problem Closed(string status) =>
        new(Errors.ApprovalClosed, $"The request is {status}.", [new ErrorDetail("", "OUTCOME", status)]);
}
