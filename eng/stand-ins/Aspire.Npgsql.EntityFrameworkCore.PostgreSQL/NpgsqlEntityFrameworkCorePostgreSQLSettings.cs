namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;

public sealed class NpgsqlEntityFrameworkCorePostgreSQLSettings
{
    public string? ConnectionString { get; set; }

    /// <summary>Transient failures are retried (six times, at most 30 s apart) unless this is set.</summary>
    public bool DisableRetry { get; set; }

    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }

    public bool DisableMetrics { get; set; }

    /// <summary>Seconds a command may take; Npgsql's own default when null.</summary>
    public int? CommandTimeout { get; set; }
}
