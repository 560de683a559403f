using System.Globalization;
using System.Security.Authentication;
using System.Text;

namespace StackExchange.Redis;

public sealed partial class ConfigurationOptions
{
    private static readonly Dictionary<string, Action<ConfigurationOptions, string, string>> Setters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["abortConnect"] = (options, name, value) => options.AbortOnConnectFail = ParseBoolean(name, value),
        ["allowAdmin"] = (options, name, value) => options.AllowAdmin = ParseBoolean(name, value),
        ["asyncTimeout"] = (options, name, value) => options.AsyncTimeout = ParseNumber(name, value, 1),
        ["checkCertificateRevocation"] = (options, name, value) => options.CheckCertificateRevocation = ParseBoolean(name, value),
        ["connectRetry"] = (options, name, value) => options.ConnectRetry = ParseNumber(name, value),
        ["connectTimeout"] = (options, name, value) => options.ConnectTimeout = ParseNumber(name, value, 1),
        ["defaultDatabase"] = (options, name, value) => options.DefaultDatabase = ParseNumber(name, value),
        ["heartbeatInterval"] = (options, name, value) => options.HeartbeatInterval = TimeSpan.FromMilliseconds(ParseNumber(name, value, 1)),
        ["keepAlive"] = (options, name, value) => options.KeepAlive = ParseNumber(name, value),
        ["name"] = (options, _, value) => options.ClientName = value,
        ["password"] = (options, _, value) => options.Password = value,
        ["protocol"] = (options, name, value) => options.Protocol = ParseProtocol(name, value),
        ["resolveDns"] = (options, name, value) => options.ResolveDns = ParseBoolean(name, value),
        ["setlib"] = (options, name, value) => options.SetClientLibrary = ParseBoolean(name, value),
        ["ssl"] = (options, name, value) => options.Ssl = ParseBoolean(name, value),
        ["sslHost"] = (options, _, value) => options.SslHost = value,
        ["sslProtocols"] = (options, name, value) => options.SslProtocols = ParseSslProtocols(name, value),
        ["syncTimeout"] = (options, name, value) => options.SyncTimeout = ParseNumber(name, value, 1),
        ["user"] = (options, _, value) => options.User = value,
    };

    // Known to the genuine library and without effect here: hints for topologies and features this one does not have.
    private static readonly HashSet<string> Ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        "configChannel", "tiebreaker", "version", "responseTimeout", "writeBuffer", "highPriorityThreads", "preserveAsyncOrder",
        "configCheckSeconds", "defaultVersion", "HighIntegrity",
    };

    // Known, and leaving them out would change what the caller gets.
    private static readonly HashSet<string> Unsupported = new(StringComparer.OrdinalIgnoreCase)
    {
        "serviceName", "proxy", "tunnel", "channelPrefix",
    };

    public static ConfigurationOptions Parse(string configuration) => Parse(configuration, ignoreUnknown: false);

    /// <summary>"host:port,host:port,name=value,..." as in a connection string.</summary>
    public static ConfigurationOptions Parse(string configuration, bool ignoreUnknown)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var options = new ConfigurationOptions();
        foreach (var part in configuration.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                options.Set(part[..equals].TrimEnd(), part[(equals + 1)..].TrimStart(), ignoreUnknown);
            }
            else if (EndPointCollection.TryParse(part) is { } endPoint)
            {
                options.EndPoints.TryAdd(endPoint);
            }
            else if (!ignoreUnknown)
            {
                // Not quoted: after a comma in a password this is a piece of it.
                throw new ArgumentException("A part of the configuration is neither an endpoint nor an option", nameof(configuration));
            }
        }

        return options;
    }

    public override string ToString() => ToString(includePassword: true);

    public string ToString(bool includePassword)
    {
        var text = new StringBuilder(string.Join(',', EndPoints.Select(EndPointCollection.ToString)));
        Append("name", ClientName);
        Append("keepAlive", KeepAlive < 0 ? null : KeepAlive);
        Append("syncTimeout", SyncTimeout == DefaultTimeout ? null : SyncTimeout);
        Append("asyncTimeout", _asyncTimeout);
        Append("allowAdmin", AllowAdmin ? true : null);
        Append("connectTimeout", _connectTimeout);
        Append("user", User);
        Append("password", string.IsNullOrEmpty(Password) ? null : includePassword ? Password : "*****");
        Append("ssl", Ssl ? true : null);
        Append("sslHost", SslHost);
        Append("abortConnect", AbortOnConnectFail ? null : false);
        Append("connectRetry", ConnectRetry == 3 ? null : ConnectRetry);
        Append("defaultDatabase", DefaultDatabase);
        Append("protocol", Protocol is { } protocol ? protocol.ToString().ToLowerInvariant() : null);
        return text.ToString();

        void Append(string name, object? value)
        {
            if (value is not null)
            {
                text.Append(text.Length == 0 ? "" : ",").Append(name).Append('=')
                    .Append(string.Format(CultureInfo.InvariantCulture, "{0}", value));
            }
        }
    }

    private void Set(string name, string value, bool ignoreUnknown)
    {
        if (Setters.TryGetValue(name, out var set))
        {
            set(this, name, value);
        }
        else if (Unsupported.Contains(name))
        {
            throw new NotSupportedException($"The option '{name}' is not supported by this implementation of StackExchange.Redis");
        }
        else if (!ignoreUnknown && !Ignored.Contains(name) && !name.StartsWith('$'))
        {
            throw new ArgumentException($"Keyword '{name}' is not supported.", name);
        }
    }

    private static bool ParseBoolean(string name, string value) => value.ToUpperInvariant() switch
    {
        "TRUE" or "YES" or "1" => true,
        "FALSE" or "NO" or "0" => false,
        _ => throw Invalid(name, value),
    };

    private static int ParseNumber(string name, string value, int least = 0) =>
        int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number : throw Invalid(name, value);

    private static RedisProtocol ParseProtocol(string name, string value) => value.ToUpperInvariant() switch
    {
        "RESP2" or "2" => RedisProtocol.Resp2,
        "RESP3" or "3" => RedisProtocol.Resp3,
        _ => throw Invalid(name, value),
    };

    private static SslProtocols ParseSslProtocols(string name, string value) =>
        Enum.TryParse(value.Replace('|', ','), ignoreCase: true, out SslProtocols protocols) ? protocols : throw Invalid(name, value);

    private static ArgumentOutOfRangeException Invalid(string name, string value) =>
        new(name, $"Keyword '{name}' does not accept the value '{value}'.");
}
