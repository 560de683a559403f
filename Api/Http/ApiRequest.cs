using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Data;
using Workflows.Data.ControlPlane;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Data.Identity;

namespace Workflows.Api.Http;

/// <summary>
/// One request of a known caller: its tenant's part of the control plane, and the only way to change it. Each change is one transaction
/// that holds the change, its activity row, its work for other services, and the idempotency key it came under.
/// </summary>
internal sealed class ApiRequest
{
    private readonly HttpContext _context;
    private readonly List<UserActivity> _recorded = [];
    private bool _isAnnounced;

    private ApiRequest(HttpContext context, Caller caller)
    {
        _context = context;
        Caller = caller;
        Db = context.RequestServices.GetRequiredService<WorkflowsDbContext>();
        Db.TenantId = caller.TenantId;
        Now = Clock.Of(context).NowStored();
    }

    public Caller Caller { get; }

    /// <summary>Sees the caller's tenant only.</summary>
    public WorkflowsDbContext Db { get; }

    public DateTimeOffset Now { get; }

    public HttpContext Http => _context;

    /// <summary>The caller as the stores of the data layer want it for their activity rows.</summary>
    public Actor Actor => new(Caller.ActorType, Caller.Id, Caller.Name)
    {
        Ip = _context.Connection.RemoteIpAddress?.ToString(),
        UserAgent = Caller.UserAgent(_context.Request),
        RequestId = RequestIds.Of(_context),
    };

    public static ValueTask<ApiRequest?> BindAsync(HttpContext context) =>
        ValueTask.FromResult<ApiRequest?>(For(context, Caller.Of(context)));

    /// <summary>For a caller who only just became known (login).</summary>
    public static ApiRequest For(HttpContext context, Caller caller) => new(context, caller);

    /// <summary>Whether the caller lacks a level on an object of the hierarchy that the address does not
    /// name.</summary>
    /// <returns>The refusal; null for who sees the whole tenant.</returns>
    public async Task<Problem?> RefusesAsync(
        string kind, Guid id, ObjectLevel needed, CancellationToken cancellationToken) =>
        Caller.OnlyGranted
            ? await _context.RequestServices.GetRequiredService<ObjectRights>()
                .CheckAsync(Caller.TenantId, kind, id, needed, cancellationToken)
            : null;

    /// <summary>The id of what the request makes. Within a transaction it is the same each time the request is
    /// run.</summary>
    public Guid NewId() => Replay.Of(_context)?.NewId() ?? Guid.CreateVersion7(Now);

    /// <summary>Tells others of a change that was made: at once, or when the transaction that the request is part of
    /// is committed.</summary>
    public void AfterCommit(Action tell)
    {
        if (Replay.Of(_context) is { } replay)
        {
            replay.AfterCommit(tell);
        }
        else
        {
            tell();
        }
    }

    /// <summary>Null when <c>If-Match</c> names the present version.</summary>
    public Problem? CheckMatch(IVersionedRow row) => ETags.Check(_context.Request, row);

    /// <summary>Runs a change; everything is rolled back when it answers a problem. May run <paramref name="work"/> more than once.</summary>
    public async Task<ApiResponse<T>> ChangeAsync<T>(Func<CancellationToken, Task<ApiResponse<T>>> work)
    {
        var isRepeatable = HttpMethods.IsPost(_context.Request.Method)
            && _context.GetEndpoint()?.Metadata.GetMetadata<NotRepeatable>() is null;
        var key = isRepeatable ? IdempotencyKeys.Of(_context.Request) : null;
        try
        {
            var answer = await Db.TransactAsync(
                AttemptAsync, response => response.Problem is null && response.Replayed is null,
                _context.RequestAborted);
            if (answer.Problem is null && answer.Replayed is null)
            {
                TellOfRecorded();
            }

            return answer;
        }
        catch (DbUpdateConcurrencyException)
        {
            return new Problem(Errors.VersionConflict);
        }
        catch (DbUpdateException exception) when (exception.InnerException is { } inner && PostgresErrors.UniqueViolation(inner) is { } rule)
        {
            return rule.EndsWith("_name_unique", StringComparison.Ordinal) || rule.EndsWith("_email_unique", StringComparison.Ordinal)
                ? new Problem(Errors.NameTaken)
                : new Problem(Errors.Conflict);
        }

        async Task<ApiResponse<T>> AttemptAsync(CancellationToken token)
        {
            _recorded.Clear();
            _isAnnounced = false;
            if (key is null)
            {
                return await work(token);
            }

            var scope = $"{Caller.Name}:{_context.Request.Method} {_context.Request.Path}";
            var hash = RequestBody.HashOf(_context);
            if (await Db.ClaimIdempotencyKeyAsync(scope, key, hash, Now, token) is { } stored)
            {
                return IdempotencyKeys.Repeat<T>(stored, hash);
            }

            var response = await work(token);
            if (response.Problem is null)
            {
                await Db.KeepAnswerAsync(scope, key, IdempotencyKeys.Keep(response), token);
            }

            return response;
        }
    }

    /// <summary>Adds the row that says who did this; <paramref name="before"/> and <paramref name="after"/> hold what changed, never a secret.</summary>
    public void Record(string action, string objectType, Guid? objectId, string? objectName, object? before = null, object? after = null) =>
        RecordIn(Caller.TenantId, action, objectType, objectId, objectName, before, after);

    /// <summary>The same in the activity of another tenant, to which the caller, an operator, does something.</summary>
    public void RecordIn(
        Guid tenantId, string action, string objectType, Guid? objectId, string? objectName, object? before = null,
        object? after = null)
    {
        var activity = new UserActivity
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(Now),
            ActorType = Caller.ActorType,
            ActorId = Caller.IsNobody ? null : Caller.Id,
            ActorName = Caller.Name,
            Action = action,
            ObjectType = objectType,
            ObjectId = objectId,
            ObjectName = objectName,
            Ip = _context.Connection.RemoteIpAddress?.ToString(),
            UserAgent = Caller.UserAgent(_context.Request),
            Before = Serialize(before),
            After = Serialize(after),
            RequestId = RequestIds.Of(_context),
            At = Now,
        };
        Db.Activities.Add(activity);
        _recorded.Add(activity);
    }

    /// <summary>Leaves work for the search service, in the same transaction.</summary>
    public void Announce(string topic, Guid subjectId)
    {
        Db.Outbox.Add(new OutboxItem
        {
            TenantId = Caller.TenantId,
            Id = Guid.CreateVersion7(Now),
            Topic = topic,
            SubjectId = subjectId,
            NotBefore = Now,
        });
        _isAnnounced = true;
    }

    // Who looks on hears of it once it is so.
    private void TellOfRecorded()
    {
        List<UserActivity> recorded = [.. _recorded];
        if (recorded.Count > 0)
        {
            AfterCommit(() => _context.RequestServices.GetRequiredService<ActivityNews>().Tell(recorded));
        }

        if (_isAnnounced)
        {
            AfterCommit(() => _context.RequestServices.GetRequiredService<IndexHint>().Nudge());
        }
    }

    private static string? Serialize(object? value) => value is null ? null : JsonSerializer.Serialize(value, Envelope.Json);
}
