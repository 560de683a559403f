namespace Aspire.StackExchange.Redis;

/// <summary>Settings of a Redis client, from <c>Aspire:StackExchange:Redis</c> and the connection string.</summary>
public sealed class StackExchangeRedisSettings
{
    public string? ConnectionString { get; set; }

    public bool DisableHealthChecks { get; set; }

    /// <summary>Here to be set; this implementation makes no spans of commands.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>Whether the connection is made on first use; if not, when the host starts.</summary>
    public bool DisableAutoActivation { get; set; } = true;
}
