using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Transactions;

/// <summary>
/// Makes the writes of a transaction, one after the other, by the handlers of their routes and within the change that
/// is under way; whether they stay is for the change to say. Guarantees: a write that fails leaves nothing, the others
/// are tried all the same, and every conflict is found, but for those that only follow from another.
/// </summary>
internal sealed class TransactionRun(ApiRequest request, StagedEndpoints endpoints)
{
    private readonly TransactionConflicts _conflicts = new(request);
    private readonly List<Action> _afterCommit = [];

    public IReadOnlyList<ErrorDetail> Conflicts => _conflicts.Found;

    public List<WriteResult> Results { get; } = [];

    public Problem? Problem => Conflicts.Count == 0 ? null : new Problem(
        Errors.TransactionConflict,
        Conflicts.Count == 1
            ? Conflicts[0].Message : $"{Conflicts.Count} conflicts stand in the way; nothing was changed.",
        Conflicts);

    public async Task MakeAsync(IReadOnlyList<StagedWrite> writes, CancellationToken token)
    {
        await _conflicts.FindStaleAsync(writes, token);
        foreach (var write in writes.Where(write => !_conflicts.IsConcerned(write)))
        {
            var answer = await MakeAsync(write, token);
            if (answer.Problem is { } problem)
            {
                _conflicts.Add(write, problem);
            }
            else
            {
                Results.Add(new WriteResult(
                    write.Number, write.ObjectType, write.ObjectId, answer.Status, answer.Version));
            }
        }
    }

    /// <summary>Makes one request as a part of its own.</summary>
    public Task<CapturedAnswer> MakeAsync(StagedWrite write, CancellationToken token) => request.Db.AsPartAsync(
        part => AnswerAsync(write, part), answer => answer.Problem is null, token);

    /// <summary>Tells others what was made, once it is committed.</summary>
    public void Tell()
    {
        foreach (var tell in _afterCommit)
        {
            tell();
        }
    }

    // Rights are those of now, not of when the write was staged.
    private async Task<CapturedAnswer> AnswerAsync(StagedWrite write, CancellationToken token)
    {
        if (endpoints.Find(write) is not { } endpoint)
        {
            return CapturedAnswer.Of(
                new Problem(Errors.RouteNotFound, "This release cannot do that in a transaction."));
        }

        var required = endpoint.Metadata.GetRequiredMetadata<PermissionRequirement>().Permission;
        if (!request.Caller.May(required))
        {
            return CapturedAnswer.Of(new Problem(
                Errors.Forbidden, $"This needs the permission '{Permissions.Names(required)[0]}'."));
        }

        var replay = new Replay(write.Seed, write.StagedAt, _afterCommit);
        var context = ContextOf(write, endpoint, replay, token);
        try
        {
            await endpoint.RequestDelegate!(context);
        }
        catch (ProblemException refused)
        {
            return CapturedAnswer.Of(refused.Problem);
        }
        catch (DbUpdateException failed) when (PostgresErrors.IsForeignKeyViolation(failed.InnerException ?? failed))
        {
            return CapturedAnswer.Of(
                new Problem(Errors.Conflict, "What the request refers to is not there (any more)."));
        }

        return replay.Answer
            ?? throw new InvalidOperationException($"{write.Method} {write.Route} gave no answer that can be kept.");
    }

    private DefaultHttpContext ContextOf(
        StagedWrite write, RouteEndpoint endpoint, Replay replay, CancellationToken token)
    {
        var outer = request.Http;
        var context = new DefaultHttpContext
        {
            RequestServices = outer.RequestServices,
            TraceIdentifier = outer.TraceIdentifier,
            RequestAborted = token,
        };
        context.Connection.RemoteIpAddress = outer.Connection.RemoteIpAddress;
        context.Request.Method = write.Method;
        (context.Request.Scheme, context.Request.Host) = (outer.Request.Scheme, outer.Request.Host);
        (context.Request.Path, context.Request.QueryString) = (write.Path, new QueryString(write.Query));
        context.Request.RouteValues = StagedEndpoints.ValuesOf(write);
        context.Request.Headers.UserAgent = outer.Request.Headers.UserAgent;
        context.Request.Headers.IfMatch = write.IfMatch;
        var body = write.Body is null ? [] : Encoding.UTF8.GetBytes(write.Body);
        (context.Request.Body, context.Request.ContentLength) = (new MemoryStream(body), body.Length);
        context.Request.ContentType = body.Length == 0 ? null : Envelope.MediaType;
        context.SetEndpoint(endpoint);
        context.Features.Set(request.Caller);
        context.Features.Set(replay);
        return context;
    }
}
