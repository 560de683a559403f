using System.Globalization;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

/// <summary>
/// Starts one execution: the path that clients call thousands of times a second. Nothing of it but the insert touches the database: caller, budget and
/// published version are in memory, the insert is shared with whoever starts something at the same moment. When it answers, the execution is
/// durable. With <c>Prefer: wait=N</c> it answers with the result if the execution ends in time.
/// </summary>
internal sealed class ExecuteEndpoint(
    PublishedWorkflows published, QueueBudget budget, ExecutionStarter starter, ExecutionQueries queries, ReplyListener replies, Drain drain, TimeProvider clock)
{
    private const string PreferHeader = "Prefer";

    /// <summary>How often a waiter asks the database itself, should the announcement be lost.</summary>
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    public async Task HandleAsync(HttpContext context)
    {
        var caller = Caller.Of(context);
        var workflowId = Guid.Parse((string)context.GetRouteValue("workflowId")!, CultureInfo.InvariantCulture);
        if (await PrepareAsync(context, caller, workflowId) is not (var execution, null))
        {
            return;
        }

        await StartAsync(context, execution!, Wait(context.Request), null, isCharged: true);
    }

    /// <summary>Starts an execution and answers; with <paramref name="wait"/> its result, if it ends in time.</summary>
    /// <param name="repeated">What to answer when its idempotency key was used before; null = the execution of then.</param>
    /// <param name="isCharged">It was taken from the budget of the queue, which gets it back when nothing starts.
    /// </param>
    public async Task StartAsync(
        HttpContext context, NewExecution execution, TimeSpan? wait, Problem? repeated, bool isCharged = false)
    {
        if (wait is null)
        {
            var begun = await BeginAsync(execution, isCharged, context.RequestAborted);
            await AnswerAsync(context, execution, begun, null, repeated);
            return;
        }

        using var reply = await replies.ExpectAsync(execution.Id, context.RequestAborted);
        var outcome = await BeginAsync(
            execution with { ReplyTo = replies.Address }, isCharged, context.RequestAborted);
        var result = outcome switch
        {
            StartOutcome.Started started => await AwaitAsync(execution.TenantId, started.Id, reply, wait.Value, context.RequestAborted),
            StartOutcome.AlreadyStarted already when repeated is null => await queries.FindResultAsync(execution.TenantId, already.Id, context.RequestAborted),
            _ => null,
        };
        context.Response.Headers["Preference-Applied"] = string.Create(CultureInfo.InvariantCulture, $"wait={(int)wait.Value.TotalSeconds}");
        await AnswerAsync(context, execution, outcome, result is { IsFinal: true } ? result : null, repeated,
            result?.Status);
    }

    private async Task<StartOutcome> BeginAsync(
        NewExecution execution, bool isCharged, CancellationToken cancellationToken)
    {
        var outcome = await starter.StartAsync(execution, cancellationToken);
        if (isCharged && outcome is not StartOutcome.Started)
        {
            budget.GiveBack(execution.TenantId, 1); // a repetition adds nothing to the queue
        }

        return outcome;
    }

    private async ValueTask<(NewExecution? Execution, Problem? Problem)> PrepareAsync(HttpContext context, Caller caller, Guid workflowId)
    {
        StartBody start;
        byte[]? requestHash = null;
        Problem? problem;
        var key = IdempotencyKeys.Of(context.Request);
        if (RequestBody.IsPresent(context))
        {
            await using var body = await RequestBody.ReadJsonAsync(context);
            problem = StartBody.Read(body.Utf8.Span, out start);
        }
        else
        {
            problem = StartBody.Read("{}"u8, out start);
        }

        if (key is not null)
        {
            requestHash = RequestBody.HashOf(context);
        }

        CompiledWorkflow? workflow = null;
        var version = 0;
        if (problem is null)
        {
            (workflow, version, problem) = await FindAsync(caller, workflowId, start.Version, context.RequestAborted);
        }

        problem ??= InputChecks.Check(workflow!, start.Input, "/input");
        ConcurrencyClaim? concurrency = null;
        if (problem is null)
        {
            (concurrency, problem) = await StartClaims.ClaimAsync(caller.TenantId, workflow!, start.Input, "/input",
                context.RequestAborted);
        }

        problem ??= await budget.CheckAsync(caller.TenantId, 1, context.RequestAborted);
        var claim = key is null ? null : new IdempotencyClaim(ScopeOf(caller, workflowId), key, requestHash!);
        if (problem is not null)
        {
            await RefuseAsync(context, caller, workflowId, claim, problem);
            return (null, problem);
        }

        var execution = new NewExecution
        {
            TenantId = caller.TenantId,
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            WorkflowId = workflowId,
            Version = version,
            Priority = start.Priority ?? StartClaims.PriorityOf(workflow!),
            TriggerType = "manual",
            CorrelationId = start.CorrelationId,
            Input = start.Input,
            CreatedBy = caller.Name,
            Idempotency = claim,
            Concurrency = concurrency,
        };
        return (execution, null);
    }

    // What was accepted stays accepted: a repetition hears of its first start, whatever has happened to the workflow or
    // the queue since.
    private async Task RefuseAsync(
        HttpContext context, Caller caller, Guid workflowId, IdempotencyClaim? claim, Problem problem)
    {
        var earlier = claim is null
            ? null
            : await starter.FindEarlierAsync(caller.TenantId, claim, context.RequestAborted);
        if (earlier is null)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        var result = Wait(context.Request) is null
            ? null
            : await queries.FindResultAsync(caller.TenantId, earlier.Id, context.RequestAborted);
        await WriteAsync(context, workflowId, earlier, result is { IsFinal: true } ? result : null);
    }

    /// <summary>The version to start: the published one, or the one named if the caller may.</summary>
    public async ValueTask<(CompiledWorkflow? Workflow, int Version, Problem? Problem)> FindAsync(
        Caller caller, Guid workflowId, int? version, CancellationToken cancellationToken)
    {
        var head = await published.FindHeadAsync(caller.TenantId, workflowId, cancellationToken);
        if (head is null)
        {
            return (null, 0, new Problem(Errors.WorkflowNotFound));
        }

        if (!head.Enabled)
        {
            return (null, 0, new Problem(Errors.WorkflowDisabled));
        }

        if (version is not null && !caller.May(Permission.WorkflowsWrite))
        {
            return (null, 0, new Problem(Errors.Forbidden, "Starting another version than the published one needs the permission 'workflows.write'."));
        }

        if ((version ?? head.PublishedVersion) is not { } number)
        {
            return (null, 0, new Problem(Errors.WorkflowNotPublished));
        }

        var workflow = await published.FindVersionAsync(caller.TenantId, workflowId, number, cancellationToken);
        return workflow is null ? (null, 0, new Problem(Errors.WorkflowVersionNotFound)) : (workflow, number, null);
    }

    public static string ScopeOf(Caller caller, Guid workflowId) => $"{caller.Name}:execute:{workflowId}";

    private async Task<ExecutionResult?> AwaitAsync(Guid tenantId, Guid executionId, Reply reply, TimeSpan wait, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            var left = wait - clock.GetElapsedTime(started);
            if (left > TimeSpan.Zero)
            {
                await reply.WaitAsync(left < PollEvery ? left : PollEvery, clock, cancellationToken);
            }

            var result = await queries.FindResultAsync(tenantId, executionId, cancellationToken);
            if (result is { IsFinal: true } || left <= PollEvery || drain.IsOver)
            {
                return result;
            }
        }
    }

    private static TimeSpan? Wait(HttpRequest request)
    {
        foreach (var header in request.Headers[PreferHeader])
        {
            foreach (var range in header.AsSpan().Split(','))
            {
                var preference = header.AsSpan()[range].Trim();
                if (preference.StartsWith("wait=", StringComparison.OrdinalIgnoreCase)
                    && int.TryParse(preference[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                    && seconds > 0)
                {
                    return TimeSpan.FromSeconds(Math.Min(seconds, Limits.WaitSeconds));
                }
            }
        }

        return null;
    }

    // The status is the last that was seen while the client waited; none was looked for otherwise.
    private static Task AnswerAsync(
        HttpContext context, NewExecution execution, StartOutcome outcome, ExecutionResult? result, Problem? repeated,
        string? status = null) => outcome switch
        {
            StartOutcome.Started started => WriteAsync(
                context, execution.WorkflowId, execution.Version, started.Id, result,
                status ?? (started.IsHeld ? "held" : "queued")),
            StartOutcome.AlreadyStarted or StartOutcome.KeyReused when repeated is not null => repeated.ExecuteAsync(context),
            StartOutcome.AlreadyStarted already =>
                WriteAsync(context, execution.WorkflowId, already with { Status = status ?? already.Status }, result),
            StartOutcome.KeyReused => new Problem(Errors.IdempotencyKeyReused).ExecuteAsync(context),
            StartOutcome.Skipped => new Problem(Errors.ExecutionSkipped).ExecuteAsync(context),
            StartOutcome.Overloaded => new Problem(Errors.Overloaded, retryAfter: TimeSpan.FromSeconds(1)).ExecuteAsync(context),
            _ => throw new InvalidOperationException($"An outcome {outcome} is not known here."),
        };

    private static Task WriteAsync(HttpContext context, Guid workflowId, StartOutcome.AlreadyStarted earlier,
        ExecutionResult? result)
    {
        context.Response.Headers["Idempotency-Replayed"] = "true";
        return WriteAsync(context, workflowId, earlier.Version, earlier.Id, result,
            earlier.Status ?? StartOutcome.AlreadyStarted.Gone);
    }

    private static async Task WriteAsync(
        HttpContext context, Guid workflowId, int? version, Guid id, ExecutionResult? result, string status)
    {
        var response = context.Response;
        response.StatusCode = result is null ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        response.ContentType = Envelope.MediaType;
        response.Headers.CacheControl = "no-store";
        response.Headers.Location = $"/api/v1/executions/{id}";
        using var writer = Envelope.Writer(response);
        writer.WriteStartObject();
        writer.WriteBoolean("success"u8, true);
        writer.WriteStartObject("data"u8);
        writer.WriteString("id"u8, id);
        writer.WriteString("status"u8, result?.Status ?? status);
        writer.WriteString("workflowId"u8, workflowId);
        if (version is { } number)
        {
            writer.WriteNumber("version"u8, number);
        }
        else
        {
            writer.WriteNull("version"u8);
        }

        WriteRaw(writer, "output"u8, result?.Output);
        WriteRaw(writer, "error"u8, result?.Error);
        writer.WriteEndObject();
        Envelope.WriteMeta(writer, context, null);
        writer.WriteEndObject();
        writer.Flush();
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static void WriteRaw(Utf8JsonWriter writer, ReadOnlySpan<byte> name, byte[]? json)
    {
        writer.WritePropertyName(name);
        if (json is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteRawValue(json, skipInputValidation: true);
        }
    }
}
