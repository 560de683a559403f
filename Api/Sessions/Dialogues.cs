using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Data.Sessions;

namespace Workflows.Api.Sessions;

/// <summary>One message of a person, by whatever channel.</summary>
/// <param name="Channel">ussd, or what a program calls its own.</param>
/// <param name="Sender">Number or name of the person; empty when it is not known.</param>
/// <param name="Service">Which workflow is meant: the service code of its session trigger.</param>
/// <param name="Input">Of the execution that it starts, if it is the first.</param>
/// <param name="Answer">Output of the node that waits for it, if it is not.</param>
internal sealed record PersonMessage(
    string Channel, string SessionId, string Sender, string Service, byte[] Input, byte[] Answer);

/// <summary>What a person is to see.</summary>
/// <param name="Continue">Whether the workflow waits for another message.</param>
/// <param name="Outcome">answered, ended, timeout, busy or failed.</param>
internal sealed record PersonReply(string Message, bool Continue, string Outcome, Guid? ExecutionId)
{
    public static PersonReply End(string message, string outcome, Guid? executionId = null) =>
        new(message, false, outcome, executionId);
}

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
/// Dialogues of people with workflows, by any channel. The first message of a session starts an execution; each further
/// one goes to the node that waits for it; the reply is what the execution says next. What is awaited is read from the
/// database, Redis only tells when to look: a lost hint costs a moment, not the dialogue.
/// </summary>
internal sealed class Dialogues(
    PublishedWorkflows published, QueueBudget budget, DialogueStore dialogues, SessionStore sessions,
    ExecutionStarter starter, ReplyListener replies, UssdOptions options, TimeProvider clock)
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Takes a message and waits for the reply; null when no published workflow has a session trigger for its
    /// service.</summary>
    public async Task<PersonReply?> TakeAsync(Caller caller, PersonMessage message, CancellationToken cancellationToken)
    {
        var present = await dialogues.FindAsync(caller.TenantId, message.SessionId, cancellationToken);
        if (present is { IsOver: false })
        {
            return await GoOnAsync(caller.TenantId, present.ExecutionId, message, cancellationToken);
        }

        if (await dialogues.FindTriggerAsync(caller.TenantId, message.Service, cancellationToken) is not { } trigger)
        {
            return null;
        }

        await KeepSessionAsync(caller.TenantId, message);
        return await StartAsync(caller, trigger, message, present?.ExecutionId, cancellationToken);
    }

    private async Task<PersonReply> StartAsync(
        Caller caller, SessionTrigger trigger, PersonMessage message, Guid? predecessor,
            CancellationToken cancellationToken)
    {
        var input = message.Input;
        var workflow = await published.FindVersionAsync(caller.TenantId, trigger.WorkflowId, trigger.Version,
            cancellationToken);
        if (workflow is null)
        {
            return PersonReply.End(options.FailureText, "failed");
        }

        var (limits, problem) = await StartClaims.ClaimAsync(
            caller.TenantId, workflow, input, "/text", cancellationToken);
        if (problem is not null)
        {
            return problem.Code == Errors.Overloaded ? PersonReply.End(options.BusyText, "busy")
                : PersonReply.End(options.FailureText, "failed");
        }

        if (await budget.CheckAsync(caller.TenantId, 1, cancellationToken) is not null)
        {
            return PersonReply.End(options.BusyText, "busy");
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
                Trigger =
                    JsonSerializer.SerializeToUtf8Bytes(new { id = trigger.TriggerId, sessionId = message.SessionId },
                    Envelope.Json),
                CorrelationId = message.SessionId,
                Input = input,
                ReplyTo = replies.Address,
                CreatedBy = caller.Name,
                // Two deliveries of the first message meet here; the next session under the same id names another
                // predecessor.
                Idempotency = new IdempotencyClaim("session", $"{message.SessionId}:{predecessor}",
                    SHA256.HashData(Encoding.UTF8.GetBytes(message.SessionId))),
                Concurrency = limits,
            },
            cancellationToken);
        return outcome switch
        {
            StartOutcome.Started => await AwaitAsync(caller.TenantId, id, reply, cancellationToken),
            StartOutcome.AlreadyStarted already =>
                await AwaitAsync(caller.TenantId, already.Id, reply, cancellationToken),
            StartOutcome.Skipped or StartOutcome.Overloaded => PersonReply.End(options.BusyText, "busy"),
            _ => PersonReply.End(options.FailureText, "failed"),
        };
    }

    private async Task<PersonReply> GoOnAsync(Guid tenantId, Guid executionId, PersonMessage message,
        CancellationToken cancellationToken)
    {
        using var reply = await replies.ExpectAsync(executionId, cancellationToken);
        var started = clock.GetTimestamp();
        while (!await dialogues.AnswerAsync(tenantId, executionId, message.SessionId, message.Answer, replies.Address,
            cancellationToken))
        {
            // Nothing waits: the reply before this message timed out for the gateway and is still to come, or the
            // execution has just ended.
            var state = await dialogues.FindStateAsync(tenantId, executionId, cancellationToken);
            if (state is null || IsFinal(state.Status)
                || clock.GetElapsedTime(started).TotalSeconds > options.ReplySeconds)
            {
                return state is { } known && ReplyOf(executionId, known) is { } last ? last
                    : PersonReply.End(options.TimeoutText, "timeout", executionId);
            }

            await reply.WaitAsync(PollEvery, clock, cancellationToken);
        }

        return await AwaitAsync(tenantId, executionId, reply, cancellationToken);
    }

    private async Task<PersonReply> AwaitAsync(Guid tenantId, Guid executionId, Reply reply,
        CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var limit = TimeSpan.FromSeconds(options.ReplySeconds);
        while (true)
        {
            if (await dialogues.FindStateAsync(tenantId, executionId, cancellationToken) is { } state
                && ReplyOf(executionId, state) is { } reached)
            {
                return reached;
            }

            var left = limit - clock.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                return PersonReply.End(options.TimeoutText, "timeout", executionId);
            }

            await reply.WaitAsync(left < PollEvery ? left : PollEvery, clock, cancellationToken);
        }
    }

    /// <summary>What the person is to see; null while that is not decided.</summary>
    private PersonReply? ReplyOf(Guid executionId, DialogueState state)
    {
        if (state.Reply is { } json)
        {
            var reply = JsonElement.Parse(json);
            var goesOn = reply.GetProperty("continue").GetBoolean();
            return new PersonReply(
                reply.GetProperty("message").GetString() ?? "", goesOn, goesOn ? "answered" : "ended", executionId);
        }

        return state.Status switch
        {
            "completed" => PersonReply.End(
                state.Output is { } output && JsonElement.Parse(output) is { ValueKind: JsonValueKind.String } text
                    ? text.GetString()!
                    : options.ClosingText,
                "ended", executionId),
            var status when IsFinal(status) => PersonReply.End(options.FailureText, "failed", executionId),
            _ => null,
        };
    }

    private static bool IsFinal(string status) => status is "completed" or "failed" or "cancelled" or "timed_out";

    private async Task KeepSessionAsync(Guid tenantId, PersonMessage message)
    {
        try
        {
            await sessions.WriteAsync(tenantId, message.SessionId, message.Channel, message.Sender, default);
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
}
