namespace Workflows.Connectors;

/// <summary>Every bound of what goes out. A caller that crosses one gets an error that names it.</summary>
public static class Limits
{
    /// <summary>Access tokens of connectors kept in memory.</summary>
    public const int CachedTokens = 10_000;

    /// <summary>
    /// Tenants with open HTTP connections; those of who called longest ago are closed when they are not in use.
    /// </summary>
    public const int HttpPools = 500;

    /// <summary>
    /// Databases of connectors with open connections; what is least used is closed when it is not in use.
    /// </summary>
    public const int SqlPools = 500;

    /// <summary>Bytes of the rows that one statement of a connector may answer.</summary>
    public const int SqlAnswerBytes = 768 * 1024;

    /// <summary>Bytes in memory of the answers that all statements of one process read at a time.</summary>
    public const long SqlMemoryBytes = 64L * 1024 * 1024;

    /// <summary>The part of them that the statements of one tenant may have.</summary>
    public const long SqlTenantMemoryBytes = SqlMemoryBytes / 4;

    /// <summary>Values of one statement: what the protocol counts in 16 bits.</summary>
    public const int SqlParameters = 65_535;

    /// <summary>
    /// Bytes that a mail server may say after each word of ours. The answers to a message's 100 recipients come
    /// together, with at most 512 bytes each.
    /// </summary>
    public const int MailAnswerBytes = 128 * 1024;

    /// <summary>Bytes of an object store's answer that is no file: a list, or an error.</summary>
    public const int StoreAnswerBytes = 4 * 1024 * 1024;
}
