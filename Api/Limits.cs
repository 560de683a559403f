namespace Workflows.Api;

/// <summary>Every bound of the HTTP interface. A request that crosses one gets an error that names it.</summary>
internal static partial class Limits
{
    /// <summary>Bytes of a request body, also when it is sent in chunks of unknown total.</summary>
    public const int BodyBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of the body of a login: an address, a password and a slug, or a token.</summary>
    public const int LoginBodyBytes = 8 * 1024;

    /// <summary>Bytes of request bodies of known callers that are in memory at once, in one process. Beyond it requests
    /// are answered with 503.</summary>
    public const long BodiesInFlightBytes = 256L * 1024 * 1024;

    /// <summary>The same for callers who are not known: logins, webhooks and one-time addresses.</summary>
    public const long AnonymousBodiesInFlightBytes = 64L * 1024 * 1024;

    /// <summary>Bytes per second that a body of an unknown caller comes with at least; a slower one is cut off after
    /// <see cref="BodyGrace"/>.</summary>
    public const double AnonymousBodyBytesPerSecond = 4 * 1024;

    /// <summary>How long a body may be slower than that, for connections that have just begun.</summary>
    public static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(5);

    /// <summary>Connections to one process at once, unless <c>Api:MaxConnections</c> says otherwise; further ones are
    /// closed.</summary>
    public const int Connections = 10_000;

    /// <summary>Bytes that are read ahead of a connection before anybody asks for them.</summary>
    public const int ReadAheadBytes = 64 * 1024;

    /// <summary>Bytes of a body too large that are still read, so that a client that sends before it listens gets the answer.</summary>
    public const int DrainedBodyBytes = 32 * 1024 * 1024;

    /// <summary>Nesting of JSON in a request body.</summary>
    public const int JsonDepth = 64;

    /// <summary>Bytes of all request headers together.</summary>
    public const int HeaderBytes = 16 * 1024;

    /// <summary>Bytes of the request line, that is of the longest address.</summary>
    public const int RequestLineBytes = 8 * 1024;

    public const int RequestIdLength = 64;
    public const int IdempotencyKeyLength = 200;
    public const int CursorLength = 1_024;

    public const int PageSize = 20;
    public const int MaxPageSize = 100;

    /// <summary>A total is counted this far and then reported as capped.</summary>
    public const int CountedTotal = 10_000;

    public const int NameLength = 200;
    public const int DescriptionLength = 4_000;
    public const int CommentLength = 1_000;
    public const int EmailLength = 254;

    /// <summary>Characters of terms, announcements and tickets.</summary>
    public const int TermsLength = 200_000;

    public const int AddressLines = 6;
    public const int InvoiceLines = 200;

    /// <summary>Roles, groups and users in one list of those who are told.</summary>
    public const int Principals = 50;

    public const int LabelsPerTenant = 200;
    public const int BudgetsPerTenant = 50;
    public const int Thresholds = 10;

    /// <summary>Percent; what is used goes beyond the budget where it does not stop.</summary>
    public const int MaxThreshold = 1_000;

    /// <summary>Days that one look at the use of a tenant shows.</summary>
    public const int UsageDays = 366;

    public const int Tags = 50;
    public const int TagLength = 64;
    public const int FilterLength = 256;
    public const int FolderDepth = 20;

    /// <summary>Bytes of the settings of a workspace or job.</summary>
    public const int SettingsBytes = 16 * 1024;

    /// <summary>Names that are shown of each kind of what a deletion takes along, or of what uses it.</summary>
    public const int NamesShown = 100;

    /// <summary>Objects that one deletion takes along, and one restoration brings back.</summary>
    public const int TreeObjects = 10_000;

    /// <summary>Minutes for which a workflow is checked out unless the caller says otherwise.</summary>
    public const int CheckOutMinutes = 60;

    public const int MaxCheckOutMinutes = 7 * 24 * 60;

    /// <summary>Minutes for which a transaction stays open unless the caller says otherwise.</summary>
    public const int TransactionMinutes = 30;

    public const int MaxTransactionMinutes = 24 * 60;

    /// <summary>Writes of one transaction: all of them are run for each look into it.</summary>
    public const int TransactionWrites = 100;

    /// <summary>Bytes of the bodies of one transaction: as many as one request may have, since each look into it
    /// reads them all.</summary>
    public const int TransactionBytes = BodyBytes;

    /// <summary>Requests of transactions that one process runs at once.</summary>
    public const int TransactionRunsAtOnce = 4;

    /// <summary>Transactions that one caller has open.</summary>
    public const int OpenTransactions = 10;

    /// <summary>Changes listed of the difference between two versions; all of them are counted.</summary>
    public const int DiffChanges = 1_000;

    /// <summary>Bytes of an exported file, and of one that is imported.</summary>
    public const int ExportBytes = 16 * 1024 * 1024;

    /// <summary>Folders, jobs and workflows, together, of an exported file.</summary>
    public const int ExportObjects = 1_000;

    /// <summary>Ids listed of nodes that are drawn elsewhere.</summary>
    public const int DiffLayout = 1_000;

    /// <summary>Characters of the JSON of a value shown with a change; more is cut.</summary>
    public const int DiffValueLength = 4_000;

    public const int PasswordMinLength = 12;

    /// <summary>Longer ones would make the hash a way to burn our processor time.</summary>
    public const int PasswordMaxLength = 256;

    /// <summary>Wrong passwords from one network address before an account is locked for that address, for a while that
    /// doubles with each further one.</summary>
    public const int FailedLogins = 5;

    /// <summary>
    /// Wrong passwords from all addresses together before an account is locked for every address from which nobody has
    /// logged into it in the last 90 days.
    /// </summary>
    public const int FailedLoginsAnywhere = 100;

    /// <summary>How long wrong passwords from an address are remembered.</summary>
    public static readonly TimeSpan FailureMemory = TimeSpan.FromDays(1);

    public static readonly TimeSpan FirstLock = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan LongestLock = TimeSpan.FromMinutes(15);

    /// <summary>Tenants in which one e-mail address is tried at a login.</summary>
    public const int LoginCandidates = 5;

    /// <summary>Rounds of PBKDF2 with SHA-512 per password, as OWASP's cheat sheet on password storage advises.</summary>
    public const int PasswordIterations = 210_000;

    /// <summary>Password hashes computed at once; further logins wait their turn.</summary>
    public const int ConcurrentPasswordHashes = 4;

    public static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromDays(30);

    /// <summary>How long a looked-up key or session is trusted should the message that revokes it get lost.</summary>
    public static readonly TimeSpan GrantTrust = TimeSpan.FromSeconds(3);

    /// <summary>Keys and sessions kept in memory.</summary>
    public const int CachedGrants = 50_000;

    /// <summary>How long a published version is trusted should the message that replaces it get lost.</summary>
    public static readonly TimeSpan PublishedTrust = TimeSpan.FromSeconds(1);

    /// <summary>Heads and compiled versions of workflows kept in memory.</summary>
    public const int CachedWorkflows = 5_000;

    /// <summary>Bytes of JSON that operators keep about a tenant.</summary>
    public const int MetadataBytes = 16 * 1024;

    /// <summary>Days from the closing of a tenant to its erasure, at most.</summary>
    public const int GraceDays = 365;

    /// <summary>Hours for which a tenant lets operators of the platform in, at most.</summary>
    public const int OperatorAccessHours = 14 * 24;

    /// <summary>Queues of tenants that operators are shown at once, the oldest first.</summary>
    public const int QueuesShown = 500;

    /// <summary>Rows of one table that are erased in one transaction.</summary>
    public const int ErasedAtOnce = 5_000;

    /// <summary>Networks and hosts that one tenant's list of exemptions names.</summary>
    public const int HttpAllowEntries = 200;

    public const int ApiKeysPerTenant = 1_000;

    /// <summary>For how long a key that was replaced works on.</summary>
    public const int KeyOverlapMinutes = 24 * 60;
    public const int MaxKeyOverlapMinutes = 30 * 24 * 60;

    /// <summary>Seconds that <c>Prefer: wait</c> may ask for; more is cut to it.</summary>
    public const int WaitSeconds = 60;

    /// <summary>How long requests are still taken after the order to stop, unless the setting says otherwise: two periods of a usual readiness probe.</summary>
    public const int DrainSeconds = 10;

    public const int MaxDrainSeconds = 300;

    /// <summary>What is being answered when the drain is over gets this long; with the drain it stays below a container's usual 30 s.</summary>
    public const int StopSeconds = 15;

    /// <summary>Bytes of the body of a webhook call.</summary>
    public const int WebhookBodyBytes = 768 * 1024;

    /// <summary>Fields of a form, or of the query, of a call from outside.</summary>
    public const int CallFields = 1_000;

    public const int CorrelationIdLength = 256;
    public const int ReasonLength = 500;
    public const int SearchQueryLength = 500;
    public const int SearchResults = 50;

    /// <summary>Hits that a page may pass over, and suggestions in one answer.</summary>
    public const int SearchOffset = 1_000;

    public const int SearchSuggestions = 20;

    /// <summary>Firings that a preview shows.</summary>
    public const int PreviewedFires = 100;

    /// <summary>Next and last firings shown with a schedule.</summary>
    public const int ShownFires = 10;

    /// <summary>Holidays and working days of one calendar.</summary>
    public const int CalendarDays = 2_000;

    /// <summary>Workflows that one workflow may wait for in a run of their job.</summary>
    public const int Dependencies = 100;

    public const int PackageSteps = 100;

    /// <summary>Items shown with a run of a job.</summary>
    public const int RunItemsShown = 1_000;

    /// <summary>Bytes of the settings that a person keeps.</summary>
    public const int UserSettingsBytes = 16 * 1024;

    public const int UrlLength = 2_048;

    /// <summary>Roles, and groups, that one invitation gives.</summary>
    public const int InvitationGrants = 50;

    /// <summary>Invitations of a tenant that are open.</summary>
    public const int OpenInvitations = 1_000;

    public const int InvitationDays = 7;
    public const int MaxInvitationDays = 30;

    /// <summary>Mails with links that one account, or one invitation, gets in an hour.</summary>
    public const int LinksPerHour = 5;

    /// <summary>Registrations begun within an hour, by all strangers together; each is a mail.</summary>
    public const int RegistrationsPerHour = 200;

    public static readonly TimeSpan RegistrationLifetime = TimeSpan.FromHours(24);

    public static readonly TimeSpan PasswordResetLifetime = TimeSpan.FromHours(1);
    public static readonly TimeSpan EmailVerificationLifetime = TimeSpan.FromDays(1);

    /// <summary>What a request to reset a password takes at least: whether there is an account does not show.</summary>
    public static readonly TimeSpan PasswordResetAnswer = TimeSpan.FromMilliseconds(400);

    /// <summary>How long the second step of a login may take after the first.</summary>
    public static readonly TimeSpan ChallengeLifetime = TimeSpan.FromMinutes(5);

    /// <summary>How long a person may take at an identity provider.</summary>
    public static readonly TimeSpan ProviderLoginLifetime = TimeSpan.FromMinutes(10);

    /// <summary>How recent a login is that stands in for the password of who has none.</summary>
    public static readonly TimeSpan RecentLogin = TimeSpan.FromMinutes(5);

    public const int IdentityProvidersPerTenant = 50;

    /// <summary>Groups at one identity provider that give something here.</summary>
    public const int ProviderMappings = 200;

    /// <summary>Roles, and groups, that one group at an identity provider gives.</summary>
    public const int MappingGrants = 50;

    public const int ProviderScopes = 20;

    /// <summary>Characters of a client's id, of its secret, and of a claim's or scope's name.</summary>
    public const int ClientTextLength = 512;

    public const int ServiceAccountsPerTenant = 500;

    /// <summary>Codes that stand in for a lost second factor, each once.</summary>
    public const int RecoveryCodes = 10;

    /// <summary>Mails that are claimed at once; each gets <see cref="MailTimeout"/> to be sent.</summary>
    public const int MailsPerRound = 20;

    public static readonly TimeSpan MailTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a claimed mail is nobody else's: as long as a round can take, and some more.</summary>
    public static readonly TimeSpan MailLease = TimeSpan.FromMinutes(15);

    /// <summary>A mail that could not be sent for so long is given up.</summary>
    public static readonly TimeSpan MailPatience = TimeSpan.FromDays(1);

    public static readonly TimeSpan FirstMailRetry = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan LongestMailRetry = TimeSpan.FromHours(1);

    /// <summary>How long mails, links and invitations are kept after they are over.</summary>
    public static readonly TimeSpan MailsKept = TimeSpan.FromDays(30);

    /// <summary>Rows of each kind that are removed at once.</summary>
    public const int ForgottenPerRound = 500;

    public const int GroupsPerTenant = 10_000;
    public const int RolesPerTenant = 500;

    /// <summary>Grants on one object of the hierarchy; a group is one of them.</summary>
    public const int PermissionsPerObject = 200;

    /// <summary>Addresses that one workflow's own settings mail to.</summary>
    public const int NotifiedAddresses = 20;

    /// <summary>Objects that one person subscribes to.</summary>
    public const int SubscriptionsPerUser = 200;

    /// <summary>Substitutions of one user that are not over.</summary>
    public const int SubstitutionsPerUser = 50;

    /// <summary>Longest time for which one user substitutes another.</summary>
    public static readonly TimeSpan SubstitutionLifetime = TimeSpan.FromDays(366);

    /// <summary>Bytes of the form data with one decision.</summary>
    public const int DecisionFormBytes = 16 * 1024;

    /// <summary>Bytes of a call of a one-time address, which becomes a step's output.</summary>
    public const int CallbackBytes = 256 * 1024;

    /// <summary>Steps shown with an execution; <c>truncated</c> says that there are more.</summary>
    public const int StepsShown = 1_000;

    /// <summary>Bytes of a value that one call answers, unless it asks for another number; and the most it may ask
    /// for.</summary>
    public const int ValueBytes = 64 * 1024;

    public const int MaxValueBytes = 256 * 1024;

    /// <summary>The least: any character fits, so that who reads on gets on.</summary>
    public const int MinValueBytes = 16;

    /// <summary>Characters of a JSON pointer, and of the text that is looked for in logs.</summary>
    public const int PointerLength = 2_000;

    public const int LogTextLength = 200;

    /// <summary>Characters of an iteration: a number for each loop around it.</summary>
    public const int IterationLength = 100;

    /// <summary>The time within which executions are looked at one by one in search of those that a filter
    /// wants.</summary>
    public static readonly TimeSpan SearchedRange = TimeSpan.FromDays(31);

    public const int SecretsPerTenant = 1_000;
    public const int ConnectorsPerTenant = 500;
    public const int NodeDefinitionsPerTenant = 500;

    /// <summary>Characters of the JSON Schema and the implementation of a custom node, together.</summary>
    public const int NodeDefinitionLength = 64 * 1024;

    /// <summary>Bytes of the custom nodes that one version of a workflow keeps.</summary>
    public const int VersionCustomNodeBytes = 4 * 1024 * 1024;

    /// <summary>Variables of a tenant, and of each workflow.</summary>
    public const int VariablesPerOwner = 500;

    public const int VariableBytes = 64 * 1024;

    /// <summary>Workers shown with the queues.</summary>
    public const int WorkersShown = 200;

    /// <summary>The time over which hourly figures are added up in one call.</summary>
    public static readonly TimeSpan StatsRange = TimeSpan.FromDays(31);
}
