using System.Net.Security;
using System.Security.Authentication;

namespace StackExchange.Redis;

/// <summary>How to connect. Times are in milliseconds unless a name says otherwise.</summary>
public sealed partial class ConfigurationOptions : ICloneable
{
    private const int DefaultTimeout = 5_000;
    private const int DefaultKeepAliveSeconds = 60;
    private int? _asyncTimeout;
    private int? _connectTimeout;
    private IReconnectRetryPolicy? _retryPolicy;

    /// <summary>Decides on the server's certificate when <see cref="Ssl"/> is on.</summary>
    public event RemoteCertificateValidationCallback? CertificateValidation;

    public EndPointCollection EndPoints { get; init; } = [];

    /// <summary>Whether Connect throws when no server answers; if not, it returns a multiplexer that goes on trying.</summary>
    public bool AbortOnConnectFail { get; set; } = true;

    /// <summary>Whether commands that change or inspect the server itself are allowed.</summary>
    public bool AllowAdmin { get; set; }

    public int AsyncTimeout
    {
        get => _asyncTimeout ?? SyncTimeout;
        set => _asyncTimeout = value;
    }

    public BacklogPolicy BacklogPolicy { get; set; } = BacklogPolicy.Default;

    public bool CheckCertificateRevocation { get; set; } = true;

    public string? ClientName { get; set; }

    /// <summary>Tries of the first connect before it counts as failed.</summary>
    public int ConnectRetry { get; set; } = 3;

    public int ConnectTimeout
    {
        get => _connectTimeout ?? Math.Max(DefaultTimeout, SyncTimeout);
        set => _connectTimeout = value;
    }

    public int? DefaultDatabase { get; set; }

    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(1);

    public bool IncludeDetailInExceptions { get; set; } = true;

    /// <summary>Seconds of silence after which an idle connection is pinged; -1 for the default of 60.</summary>
    public int KeepAlive { get; set; } = -1;

    public string? LibraryName { get; set; }

    public string? Password { get; set; }

    /// <summary>RESP3 must be asked for; raw replies of Execute have other shapes in it.</summary>
    public RedisProtocol? Protocol { get; set; }

    public IReconnectRetryPolicy ReconnectRetryPolicy
    {
        get => _retryPolicy ??= new ExponentialRetry(ConnectTimeout / 2);
        set => _retryPolicy = value;
    }

    public bool ResolveDns { get; set; }

    public bool SetClientLibrary { get; set; } = true;

    public bool Ssl { get; set; }

    public string? SslHost { get; set; }

    public SslProtocols? SslProtocols { get; set; }

    public int SyncTimeout { get; set; } = DefaultTimeout;

    public string? User { get; set; }

    internal long KeepAliveMilliseconds => 1_000L * (KeepAlive < 0 ? DefaultKeepAliveSeconds : KeepAlive);

    internal RemoteCertificateValidationCallback? ValidateCertificate => CertificateValidation;

    public ConfigurationOptions Apply(Action<ConfigurationOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(this);
        return this;
    }

    public ConfigurationOptions Clone()
    {
        var clone = new ConfigurationOptions
        {
            EndPoints = new EndPointCollection([.. EndPoints]),
            AbortOnConnectFail = AbortOnConnectFail,
            AllowAdmin = AllowAdmin,
            BacklogPolicy = BacklogPolicy,
            CheckCertificateRevocation = CheckCertificateRevocation,
            ClientName = ClientName,
            ConnectRetry = ConnectRetry,
            DefaultDatabase = DefaultDatabase,
            HeartbeatInterval = HeartbeatInterval,
            IncludeDetailInExceptions = IncludeDetailInExceptions,
            KeepAlive = KeepAlive,
            LibraryName = LibraryName,
            Password = Password,
            Protocol = Protocol,
            ResolveDns = ResolveDns,
            SetClientLibrary = SetClientLibrary,
            Ssl = Ssl,
            SslHost = SslHost,
            SslProtocols = SslProtocols,
            SyncTimeout = SyncTimeout,
            User = User,
        };
        clone._asyncTimeout = _asyncTimeout;
        clone._connectTimeout = _connectTimeout;
        clone._retryPolicy = _retryPolicy;
        clone.CertificateValidation = CertificateValidation;
        return clone;
    }

    object ICloneable.Clone() => Clone();

    /// <summary>Gives endpoints without a port the usual one.</summary>
    public void SetDefaultPorts() =>
        EndPoints.SetDefaultPorts(Ssl ? EndPointCollection.DefaultSslPort : EndPointCollection.DefaultPort);
}
