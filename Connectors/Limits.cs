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

    /// <summary>Bytes of the largest answer that a node may ask for: an output has no more.</summary>
    public const int ResponseBytes = 1024 * 1024;

    /// <summary>Bytes of an answer that are read before it needs room in the budget of the process.</summary>
    public const int UnbudgetedResponseBytes = 16 * 1024;

    /// <summary>Bytes of answers beyond that which a process holds at once; a call beyond them waits.</summary>
    public const long ResponseBytesInFlight = 256L * 1024 * 1024;

    /// <summary>
    /// The same of one tenant: a quarter, so that four of them have to wait before anybody else does.
    /// </summary>
    public const long ResponseBytesInFlightOfTenant = ResponseBytesInFlight / 4;

    /// <summary>Bytes of the body of an answer that is no success; the rest is cut off.</summary>
    public const int ErrorBodyBytes = 64 * 1024;

    /// <summary>Bytes of what an identity provider answers: its description, its keys, or tokens.</summary>
    public const int OpenIdAnswerBytes = 256 * 1024;

    /// <summary>Characters of what an identity provider calls a person (OpenID Connect Core, 2).</summary>
    public const int OpenIdSubjectLength = 255;

    /// <summary>Identity providers whose description is kept in memory.</summary>
    public const int KnownOpenIdProviders = 500;

    /// <summary>How long what an identity provider says of itself is believed without asking again.</summary>
    public static readonly TimeSpan OpenIdTrust = TimeSpan.FromHours(1);
}
