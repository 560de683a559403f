using System.Globalization;
using System.Security.Authentication;
using System.Text;

namespace StackExchange.Redis;

public sealed partial class ConfigurationOptions
{
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
        switch (name.ToUpperInvariant())
        {
            case "ABORTCONNECT":
                AbortOnConnectFail = ParseBoolean(name, value);
                break;
            case "ALLOWADMIN":
                AllowAdmin = ParseBoolean(name, value);
                break;
            case "ASYNCTIMEOUT":
                AsyncTimeout = ParseNumber(name, value, 1);
                break;
            case "CHECKCERTIFICATEREVOCATION":
                CheckCertificateRevocation = ParseBoolean(name, value);
                break;
            case "CONNECTRETRY":
                ConnectRetry = ParseNumber(name, value);
                break;
            case "CONNECTTIMEOUT":
                ConnectTimeout = ParseNumber(name, value, 1);
                break;
            case "DEFAULTDATABASE":
                DefaultDatabase = ParseNumber(name, value);
                break;
            case "HEARTBEATINTERVAL":
                HeartbeatInterval = TimeSpan.FromMilliseconds(ParseNumber(name, value, 1));
                break;
            case "KEEPALIVE":
                KeepAlive = ParseNumber(name, value);
                break;
            case "NAME":
                ClientName = value;
                break;
            case "PASSWORD":
                Password = value;
                break;
            case "PROTOCOL":
                Protocol = ParseProtocol(name, value);
                break;
            case "RESOLVEDNS":
                ResolveDns = ParseBoolean(name, value);
                break;
            case "SETLIB":
                SetClientLibrary = ParseBoolean(name, value);
                break;
            case "SSL":
                Ssl = ParseBoolean(name, value);
                break;
            case "SSLHOST":
                SslHost = value;
                break;
            case "SSLPROTOCOLS":
                SslProtocols = Enum.TryParse(value, ignoreCase: true, out SslProtocols protocols) ? protocols : throw Invalid(name, value);
                break;
            case "SYNCTIMEOUT":
                SyncTimeout = ParseNumber(name, value, 1);
                break;
            case "USER":
                User = value;
                break;
            case "ALLOWDETAILINEXCEPTIONS" or "INCLUDEDETAILINEXCEPTIONS":
                IncludeDetailInExceptions = ParseBoolean(name, value);
                break;
            default:
                SetOther(name, ignoreUnknown);
                break;
        }
    }

    private static void SetOther(string name, bool ignoreUnknown)
    {
        if (Unsupported.Contains(name))
        {
            throw new NotSupportedException($"The option '{name}' is not supported by this implementation of StackExchange.Redis");
        }

        if (!ignoreUnknown && !Ignored.Contains(name) && !name.StartsWith('$'))
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

    private static ArgumentOutOfRangeException Invalid(string name, string value) =>
        new(name, $"Keyword '{name}' does not accept the value '{value}'.");
}
