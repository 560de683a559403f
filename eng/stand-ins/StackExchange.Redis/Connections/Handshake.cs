namespace StackExchange.Redis;

/// <summary>What a server says of itself.</summary>
internal sealed record ServerIdentity(Version Version, RedisProtocol Protocol, bool IsReplica)
{
    public static readonly ServerIdentity Unknown = new(new Version(3, 0), RedisProtocol.Resp2, false);
}

/// <summary>
/// The first words on a connection: protocol, credentials, name, and a ping that tells whether the server is ready.
/// RESP3 is asked for only where the options say so, as in the genuine library, since raw replies have other shapes in
/// it; a server that does not know HELLO is spoken to in RESP2.
/// </summary>
internal static class Handshake
{
    private static readonly Command Hello = "HELLO";
    private static readonly Command Auth = "AUTH";
    private static readonly Command SetName = "CLIENT SETNAME";
    private static readonly Command Ping = "PING";

    public static async Task<ServerIdentity> RunAsync(
        Bridge bridge, Connection connection, ConfigurationOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var identity = await GreetAsync(bridge, connection, options, cancellationToken).ConfigureAwait(false);
            if (Printable(options.ClientName ?? Environment.MachineName) is { Length: > 0 } name)
            {
                await AskAsync(bridge, connection, options, SetName, [name], Replies.Ignore, cancellationToken).ConfigureAwait(false);
            }

            await AskAsync(bridge, connection, options, Ping, [], Replies.Ignore, cancellationToken).ConfigureAwait(false);
            return identity;
        }
        catch (RedisServerException e)
        {
            var type = e.Message.StartsWith("LOADING", StringComparison.Ordinal) ? ConnectionFailureType.Loading
                : e.Message.StartsWith("WRONGPASS", StringComparison.Ordinal) || e.Message.StartsWith("NOAUTH", StringComparison.Ordinal)
                    || e.Message.Contains("AUTH", StringComparison.Ordinal) ? ConnectionFailureType.AuthenticationFailure
                : ConnectionFailureType.UnableToConnect;
            throw new RedisConnectionException(type,
                $"{EndPointCollection.ToString(connection.EndPoint)} refused the connection: {e.Message}", e);
        }
    }

    private static async Task<ServerIdentity> GreetAsync(
        Bridge bridge, Connection connection, ConfigurationOptions options, CancellationToken cancellationToken)
    {
        var resp3 = options.Protocol >= RedisProtocol.Resp3;
        RedisValue[] credentials = string.IsNullOrEmpty(options.Password) ? []
            : string.IsNullOrEmpty(options.User) ? [options.Password] : [options.User, options.Password];
        try
        {
            RedisValue[] arguments = credentials.Length == 0 ? [resp3 ? 3 : 2]
                : [resp3 ? 3 : 2, "AUTH", credentials.Length == 1 ? "default" : credentials[0], credentials[^1]];
            return await AskAsync(bridge, connection, options, Hello, arguments, ParseHello, cancellationToken).ConfigureAwait(false);
        }
        catch (RedisServerException e) when (
            e.Message.StartsWith("NOPROTO", StringComparison.Ordinal)
            || e.Message.StartsWith("ERR unknown command", StringComparison.Ordinal))
        {
            if (credentials.Length > 0)
            {
                await AskAsync(bridge, connection, options, Auth, credentials, Replies.Ignore, cancellationToken).ConfigureAwait(false);
            }

            return ServerIdentity.Unknown;
        }
    }

    private static async Task<T> AskAsync<T>(
        Bridge bridge, Connection connection, ConfigurationOptions options, Command command, RedisValue[] arguments,
        ReplyParser<T> parser, CancellationToken cancellationToken)
    {
        var reply = new PendingReply<T>(command, parser, options.ConnectTimeout, null);
        bridge.SubmitOver(connection, reply, command, arguments);
        return await reply.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static ServerIdentity ParseHello(ref RespReader reader)
    {
        var identity = ServerIdentity.Unknown;
        for (var count = reader.ReadAggregate(); count > 1; count -= 2)
        {
            switch (reader.ReadText())
            {
                case "version" when Version.TryParse(reader.ReadText(), out var version):
                    identity = identity with { Version = version };
                    break;
                case "proto":
                    identity = identity with { Protocol = reader.ReadInteger() >= 3 ? RedisProtocol.Resp3 : RedisProtocol.Resp2 };
                    break;
                case "role":
                    identity = identity with { IsReplica = reader.ReadText() == "replica" };
                    break;
                case "version":
                    break; // not a number of parts; already read
                default:
                    reader.Skip();
                    break;
            }
        }

        return identity;
    }

    /// <summary>The server refuses names with spaces or control characters.</summary>
    private static string Printable(string name) =>
        string.Concat(name.Where(character => character is > ' ' and <= '~'));
}
