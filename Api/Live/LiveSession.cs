using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>
/// What one client looks on at, and with what right. What is asked of it is done one after the other. Thread-safe.
/// </summary>
internal sealed class LiveSession(
    LiveHub hub, LiveRights rights, Callers callers, LivePublisher publisher, LiveConnection connection,
    TimeProvider clock)
{
    private readonly Dictionary<string, LiveSubscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly string _presence = Guid.CreateVersion7().ToString("N");
    private string _credential = "";
    private Caller? _caller;
    private Task _turn = Task.CompletedTask;

    public Caller? Caller => _caller;

    /// <summary>Says who it is, at the beginning and again with each new token.</summary>
    /// <returns>False when the connection is to end; it knows why.</returns>
    public async Task<bool> AuthenticateAsync(string credential, CancellationToken cancellationToken)
    {
        var isKnown = false;
        await InTurnAsync(async () => isKnown = await IdentifyAsync(credential, cancellationToken));
        return isKnown;
    }

    private async Task<bool> IdentifyAsync(string credential, CancellationToken cancellationToken)
    {
        var (caller, problem) = await callers.IdentifyAsync(credential, cancellationToken);
        problem ??= caller!.LacksTerms ? new Problem(Errors.TermsNotAccepted) : null;
        if (problem is not null)
        {
            connection.Close(new LiveEnd(LiveEnd.NotAuthenticated.Status, problem.Code.Code, problem.Message));
            return false;
        }

        if (_caller is { } before && (before.Id != caller!.Id || before.TenantId != caller.TenantId))
        {
            connection.Close(LiveEnd.NotAuthenticated with { Message = "The token is somebody else's." });
            return false;
        }

        var isNew = _caller is null;
        (_caller, _credential) = (caller, credential);
        return !isNew || hub.TryEnter(connection, this, caller!.Id);
    }

    /// <summary>Whether the credential and the rights still hold; what does not is ended, with the reason.</summary>
    public Task CheckAsync(CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        if (connection.End is not null || !await IdentifyAsync(_credential, cancellationToken))
        {
            return;
        }

        foreach (var topic in _subscriptions.Keys.Where(MustCheck).ToList())
        {
            if (await rights.CheckAsync(_caller!, topic, cancellationToken) is { } problem)
            {
                Remove(topic);
                Refuse("unsubscribed", topic, problem);
            }
        }
    });

    /// <summary>Subscribes to a topic, with what came after an id if there is one.</summary>
    public Task SubscribeAsync(string topic, string? after, CancellationToken cancellationToken) =>
        InTurnAsync(() => AddAsync(topic, after, cancellationToken));

    private async Task AddAsync(string topic, string? after, CancellationToken cancellationToken)
    {
        if (_subscriptions.ContainsKey(topic))
        {
            return; // twice is once
        }

        if (_subscriptions.Count >= Limits.LiveTopicsPerConnection)
        {
            Refuse("error", topic, new Problem(
                Errors.RateLimited, $"A connection has at most {Limits.LiveTopicsPerConnection} topics."));
            return;
        }

        if (await rights.CheckAsync(_caller!, topic, cancellationToken) is { } problem)
        {
            Refuse("error", topic, problem);
            return;
        }

        var subscription = new LiveSubscription(connection, topic);
        if (topic == LiveTopics.User)
        {
            await SubscribeUserAsync(subscription, after, cancellationToken);
            return;
        }

        LiveId? place = null;
        if (after is not null)
        {
            if (!LiveId.TryParse(after, out var read))
            {
                Refuse("error", topic, Problem.Parameter("after", "'after' is the id of a message of this topic."));
                return;
            }

            place = read;
        }

        _subscriptions[topic] = subscription;
        await hub.SubscribeAsync(_caller!.TenantId, topic, subscription, place);
        if (topic == LiveTopics.System)
        {
            // What the platform says is the same topic to a client; it has no past of its own here.
            var ofPlatform = new LiveSubscription(connection, topic);
            _subscriptions[PlatformTopic] = ofPlatform;
            await hub.SubscribePlatformAsync(ofPlatform);
        }

        if (topic.StartsWith(LiveTopics.CollaborationPrefix, StringComparison.Ordinal))
        {
            TellPresence(topic, "presence.joined", default);
        }
    }

    public Task UnsubscribeAsync(string topic) => InTurnAsync(() =>
    {
        if (topic != PlatformTopic && Remove(topic))
        {
            connection.Send(LiveFrame.Control("unsubscribed", ("topic", topic)));
        }

        return Task.CompletedTask;
    });

    /// <summary>Tells who else is at a workflow what this client is at: a selected node, a pointer.</summary>
    public Task ShowPresenceAsync(string topic, JsonElement data) => InTurnAsync(() =>
    {
        if (topic.StartsWith(LiveTopics.CollaborationPrefix, StringComparison.Ordinal)
            && _subscriptions.ContainsKey(topic))
        {
            TellPresence(topic, "presence.changed", data);
        }
        else
        {
            Refuse("error", topic, Problem.Parameter("topic", "Subscribe to the workflow's collaboration first."));
        }

        return Task.CompletedTask;
    });

    /// <summary>Says that it is known.</summary>
    public void Welcome() => connection.Send(LiveFrame.Control(
        "welcome", ("actorId", _caller!.Id.ToString()), ("live", hub.IsLive)));

    /// <summary>Answers without a topic.</summary>
    public void Answer(string op) => connection.Send(LiveFrame.Control(op));

    /// <summary>Leaves everything.</summary>
    public Task LeaveAsync() => InTurnAsync(() =>
    {
        foreach (var topic in _subscriptions.Keys.ToList())
        {
            Remove(topic);
        }

        hub.Leave(connection);
        return Task.CompletedTask;
    });

    private Task InTurnAsync(Func<Task> work)
    {
        lock (_gate)
        {
            return _turn = AfterAsync(_turn, work);
        }
    }

    private static async Task AfterAsync(Task before, Func<Task> work)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // who asked for it knows
        await work();
    }

    private const string PlatformTopic = "system of the platform";

    // Permissions of the tenant are checked by memory; what was granted on an object may have ended.
    private bool MustCheck(string topic) =>
        topic != PlatformTopic && (LiveRights.MayEnd(_caller!) || !topic.Contains(':', StringComparison.Ordinal));

    private async Task SubscribeUserAsync(
        LiveSubscription subscription, string? after, CancellationToken cancellationToken)
    {
        var place = Guid.Empty;
        if (after is not null && !Guid.TryParse(after, out place))
        {
            Refuse("error", LiveTopics.User, Problem.Parameter("after", "'after' is the id of a notification."));
            return;
        }

        _subscriptions[LiveTopics.User] = subscription;
        hub.SubscribeUser(_caller!.TenantId, _caller.Id, subscription);
        connection.Send(LiveFrame.Control(
            "subscribed", ("topic", LiveTopics.User), ("id", Guid.CreateVersion7(clock.GetUtcNow()).ToString()),
            ("live", true)));
        if (after is not null)
        {
            foreach (var row in await rights.NotificationsAsync(_caller, place, cancellationToken))
            {
                connection.Send(UserNews.Frame(row.Id, row.Kind, row.Level, row.CreatedAt));
            }
        }
    }

    private bool Remove(string topic)
    {
        if (!_subscriptions.Remove(topic, out var subscription))
        {
            return false;
        }

        if (topic == LiveTopics.User)
        {
            hub.UnsubscribeUser(_caller!.TenantId, _caller.Id, subscription);
        }
        else if (topic == PlatformTopic)
        {
            hub.Unsubscribe(Guid.Empty, LiveTopics.System, subscription);
        }
        else
        {
            hub.Unsubscribe(_caller!.TenantId, topic, subscription);
            if (topic == LiveTopics.System)
            {
                Remove(PlatformTopic);
            }
            else if (topic.StartsWith(LiveTopics.CollaborationPrefix, StringComparison.Ordinal))
            {
                TellPresence(topic, "presence.left", default);
            }
        }

        return true;
    }

    private void TellPresence(string topic, string type, JsonElement state) =>
        publisher.Publish(_caller!.TenantId, [LiveMessage.Of(topic, type, clock.GetUtcNow(), data =>
        {
            data.WriteString("connection"u8, _presence);
            data.WriteString("actorId"u8, _caller.Id);
            data.WriteString("actor"u8, _caller.Name);
            if (state.ValueKind != JsonValueKind.Undefined)
            {
                data.WritePropertyName("state"u8);
                state.WriteTo(data);
            }
        })]);

    private void Refuse(string op, string topic, Problem problem) =>
        connection.Send(LiveFrame.Control(
            op, ("topic", topic), ("code", problem.Code.Code), ("message", problem.Message)));
}
