using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Data.Sessions;

namespace Workflows.Api.Sessions;

/// <summary>What the gateway says to people where no workflow does.</summary>
internal sealed record UssdOptions
{
    /// <summary>How long a person waits for the workflow's answer; gateways give up after about ten.</summary>
    public double ReplySeconds { get; init; } = 8;

    public string TimeoutText { get; init; } = "The service takes too long. Please try again later.";

    public string FailureText { get; init; } = "Something went wrong. Please try again later.";

    /// <summary>When the workflow's limits leave no room for another dialogue.</summary>
    public string BusyText { get; init; } = "The service is busy. Please try again later.";

    public string ClosingText { get; init; } = "Goodbye.";
}

/// <summary>
/// The callback of a USSD gateway: one message of a person in, <c>CON …</c> or <c>END …</c> out as plain text. The first message of a session starts an
/// execution; each further one goes to the node that waits for it; the answer is what the execution says next. What is awaited is read from the
/// database, Redis only tells when to look: a lost hint costs a moment, not the dialogue.
/// </summary>
internal sealed class UssdEndpoint(
    PublishedWorkflows published, QueueBudget budget, DialogueStore dialogues, SessionStore sessions,
    ExecutionStarter starter, ReplyListener replies, UssdOptions options, TimeProvider clock)
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    public async Task HandleAsync(HttpContext context)
    {
        var caller = Caller.Of(context);
        if (UssdMessage.Read(await UssdMessage.FieldsAsync(context), out var message) is { } problem)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        var cancellation = context.RequestAborted;
        var present = await dialogues.FindAsync(caller.TenantId, message.SessionId, cancellation);
        if (present is { IsOver: false })
        {
            await WriteAsync(context, await GoOnAsync(caller.TenantId, present.ExecutionId, message, cancellation));
            return;
        }

        if (await dialogues.FindTriggerAsync(caller.TenantId, message.ServiceCode, cancellation) is not { } trigger)
        {
            await new Problem(Errors.WorkflowNotFound, "No published workflow has a session trigger with this service code.").ExecuteAsync(context);
            return;
        }

        await KeepSessionAsync(caller.TenantId, message);
        await WriteAsync(context, await StartAsync(caller, trigger, message, present?.ExecutionId, cancellation));
    }

    private async Task<string> StartAsync(
        Caller caller, SessionTrigger trigger, UssdMessage message, Guid? predecessor, CancellationToken cancellationToken)
    {
        var input = message.ToInput();
        var workflow = await published.FindVersionAsync(caller.TenantId, trigger.WorkflowId, trigger.Version,
            cancellationToken);
        if (workflow is null)
        {
            return $"END {options.FailureText}";
        }

        var (limits, problem) = await StartClaims.ClaimAsync(
            caller.TenantId, workflow, input, "/text", cancellationToken);
        if (problem is not null)
        {
            return problem.Code == Errors.Overloaded ? $"END {options.BusyText}" : $"END {options.FailureText}";
        }

        if (await budget.CheckAsync(caller.TenantId, 1, cancellationToken) is not null)
        {
            return $"END {options.BusyText}";
        }

        var id = Guid.CreateVersion7(clock.GetUtcNow());
        using var reply = await replies.ExpectAsync(id, cancellationToken);
        var outcome = await starter.StartAsync(
            new NewExecution
            {
                TenantId = caller.TenantId,
                Id = id,
                WorkflowId = trigger.WorkflowId,
                Version = trigger.Version,
                Priority = StartClaims.PriorityOf(workflow),
                TriggerType = "session",
                Trigger = JsonSerializer.SerializeToUtf8Bytes(new { id = trigger.TriggerId, sessionId = message.SessionId }, Envelope.Json),
                CorrelationId = message.SessionId,
                Input = input,
                ReplyTo = replies.Address,
                CreatedBy = caller.Name,
                // Two deliveries of the first message meet here; the next session under the same id names another predecessor.
                Idempotency = new IdempotencyClaim("session", $"{message.SessionId}:{predecessor}", SHA256.HashData(Encoding.UTF8.GetBytes(message.SessionId))),
                Concurrency = limits,
            },
            cancellationToken);
        return outcome switch
        {
            StartOutcome.Started => await AwaitAsync(caller.TenantId, id, reply, cancellationToken),
            StartOutcome.AlreadyStarted already => await AwaitAsync(caller.TenantId, already.Id, reply, cancellationToken),
            StartOutcome.Skipped or StartOutcome.Overloaded => $"END {options.BusyText}",
            _ => $"END {options.FailureText}",
        };
    }

    private async Task<string> GoOnAsync(Guid tenantId, Guid executionId, UssdMessage message, CancellationToken cancellationToken)
    {
        using var reply = await replies.ExpectAsync(executionId, cancellationToken);
        var started = clock.GetTimestamp();
        while (!await dialogues.AnswerAsync(tenantId, executionId, message.SessionId, message.ToAnswer(), replies.Address, cancellationToken))
        {
            // Nothing waits: the reply before this message timed out for the gateway and is still to come, or the execution has just ended.
            var state = await dialogues.FindStateAsync(tenantId, executionId, cancellationToken);
            if (state is null || IsFinal(state.Status) || clock.GetElapsedTime(started).TotalSeconds > options.ReplySeconds)
            {
                return state is { } known && TextOf(known) is { } last ? last : $"END {options.TimeoutText}";
            }

            await reply.WaitAsync(PollEvery, clock, cancellationToken);
        }

        return await AwaitAsync(tenantId, executionId, reply, cancellationToken);
    }

    private async Task<string> AwaitAsync(Guid tenantId, Guid executionId, Reply reply, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var limit = TimeSpan.FromSeconds(options.ReplySeconds);
        while (true)
        {
            if (await dialogues.FindStateAsync(tenantId, executionId, cancellationToken) is { } state && TextOf(state) is { } text)
            {
                return text;
            }

            var left = limit - clock.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                return $"END {options.TimeoutText}";
            }

            await reply.WaitAsync(left < PollEvery ? left : PollEvery, clock, cancellationToken);
        }
    }

    /// <summary>What the person is to see; null while that is not decided.</summary>
    private string? TextOf(DialogueState state)
    {
        if (state.Reply is { } json)
        {
            var reply = JsonElement.Parse(json);
            return $"{(reply.GetProperty("continue").GetBoolean() ? "CON" : "END")} {reply.GetProperty("message").GetString()}";
        }

        return state.Status switch
        {
            "completed" => $"END {(state.Output is { } output && JsonElement.Parse(output) is { ValueKind: JsonValueKind.String } text ? text.GetString() : options.ClosingText)}",
            var status when IsFinal(status) => $"END {options.FailureText}",
            _ => null,
        };
    }

    private static bool IsFinal(string status) => status is "completed" or "failed" or "cancelled" or "timed_out";

    private async Task KeepSessionAsync(Guid tenantId, UssdMessage message)
    {
        try
        {
            await sessions.WriteAsync(tenantId, message.SessionId, "ussd", message.Msisdn, default);
        }
        catch (SessionsUnavailableException)
        {
            // The dialogue needs no session; a node that reads it says that it cannot be asked.
        }
        catch (SessionLimitException)
        {
            // The same: a node that reads it finds none.
        }
    }

    private static Task WriteAsync(HttpContext context, string text)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
