using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.Api.Activity;
using Workflows.Api.Announcements;
using Workflows.Api.ApiKeys;
using Workflows.Api.Approvals;
using Workflows.Api.Auth;
using Workflows.Api.Billing;
using Workflows.Api.Budgets;
using Workflows.Api.Callbacks;
using Workflows.Api.Connectors;
using Workflows.Api.Context;
using Workflows.Api.Events;
using Workflows.Api.Executions;
using Workflows.Api.Expressions;
using Workflows.Api.Grants;
using Workflows.Api.Groups;
using Workflows.Api.Hierarchy;
using Workflows.Api.Housekeeping;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Api.Jobs;
using Workflows.Api.Live;
using Workflows.Api.Mails;
using Workflows.Api.NodeDefinitions;
using Workflows.Api.NodeTypes;
using Workflows.Api.Notifications;
using Workflows.Api.Numbers;
using Workflows.Api.Reference;
using Workflows.Api.Schedules;
using Workflows.Api.Search;
using Workflows.Api.Secrets;
using Workflows.Api.Sessions;
using Workflows.Api.Tenants;
using Workflows.Api.Terms;
using Workflows.Api.Tickets;
using Workflows.Api.Transactions;
using Workflows.Api.Trash;
using Workflows.Api.Users;
using Workflows.Api.Views;
using Workflows.Api.WebConsole;
using Workflows.Api.Workflows;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Connectors.OpenId;
using Workflows.Data.Approvals;
using Workflows.Data.Connectors;
using Workflows.Data.ControlPlane;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Identity;
using Workflows.Data.Mails;
using Workflows.Data.Numbers;
using Workflows.Data.Rounds;
using Workflows.Data.Secrets;
using Workflows.Data.Sessions;
using Workflows.Engine.Schedules;

namespace Workflows.Api;

/// <summary>What the API consists of, and the order in which a request passes through it.</summary>
internal static partial class Composition
{
    public static void AddApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var connections = builder.Configuration.GetValue("Api:MaxConnections", Limits.Connections);
        builder.WebHost.ConfigureKestrel(kestrel => Bound(kestrel, connections));
        builder.WebHost.UseSockets(sockets => sockets.MaxReadBufferSize = Limits.ReadAheadBytes);
        services.ConfigureHttpJsonOptions(options => Envelope.Apply(options.SerializerOptions));
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddSingleton(new DatabaseClock(TimeProvider.System));
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());

        services.AddWorkflowsDatabase(builder.Configuration, DatabaseRole.Api);
        services.AddSingleton<MigrationRunner>();
        services.AddControlPlane();
        // the watch looks deeper, and answers at once
        builder.EnrichNpgsqlDbContext<WorkflowsDbContext>(settings => settings.DisableHealthChecks = true);
        builder.AddRedisClient(DispatchRegistration.ConnectionName);
        services.DegradeOnly("StackExchange.Redis");
        services.AddDispatch(builder.Configuration);
        AddStores(services);
        AddSecurity(services, builder.Configuration);
        KnownProxies.Add(services, builder.Configuration);
        services.AddSecrets(builder.Configuration);
        AddConnectors(services, builder.Configuration);
        AddDialogues(services, builder.Configuration);

        Drain.Add(services, builder.Configuration);
        services.AddSingleton<DatabaseWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<DatabaseWatch>());
        services.AddSingleton<LoopHealth>();
        services.AddSingleton<Loop>();
        services.AddHostedService<HousekeepingService>();
        AddMails(services, builder.Configuration);
        services.AddHealthChecks()
            .AddCheck<DatabaseWatch>("database")
            .AddProblems("loops", HealthStatus.Degraded, all => all.GetRequiredService<LoopHealth>().Problems())
            .AddCheck<RateLimitHealth>("rate-limits", HealthStatus.Degraded)
            .AddCheck("time-zones", () => HealthCheckResult.Healthy($"IANA database {TimeZones.Version}"));
        services.AddSingleton<Pager>();
        services.AddSingleton<PublishedWorkflows>();
        services.AddSingleton<PastScopes>();
        services.AddSingleton<ExecuteEndpoint>();
        services.AddSingleton<WebhookEndpoint>();
        services.AddSingleton<WebhookLimiter>();
        services.AddSingleton<BodyBudget>();
        services.AddSingleton<LoginLimiter>();
        services.AddSingleton<ProviderLoginEndpoints>();
        services.AddSingleton<CallbackSignatures>();
        services.AddSingleton<StagedEndpoints>();
        services.AddSingleton<TransactionLine>();
        services.AddLive(builder.Configuration);
        services.AddSingleton<FirstStart>();
        services.AddSingleton<TenantExport>();
        services.AddSingleton(
            builder.Configuration.GetSection("Registration").Get<RegistrationOptions>() ?? new RegistrationOptions());
        services.AddHostedService<TenantErasure>();
        services.AddSingleton<IndexHint>();
        services.AddHttpClient<SearchClient>(client => client.BaseAddress = new Uri("http://aisearch"));
        AddPages(services, builder.Configuration["Api:PublicUrl"]);
    }

    private static void AddPages(IServiceCollection services, string? publicUrl)
    {
        services.AddSingleton<ConsoleFiles>();
        services.AddAnswerCompression();
        services.AddApiReference(publicUrl);
    }

    public static void UseApi(this WebApplication app)
    {
        if (app.Configuration.GetSection(KnownProxies.Setting).Exists())
        {
            app.UseForwardedHeaders();
        }

        app.Use(app.Services.GetRequiredService<Drain>().CloseConnectionAsync);
        app.UseMiddleware<ErrorHandling>();
        app.UseRouting();
        app.UseAnswerCompression();
        app.UseMiddleware<ConsolePages>();
        app.UseWebSockets();
        app.UseMiddleware<CallerMiddleware>();
        app.UseMiddleware<StagingMiddleware>();

        app.MapDefaultEndpoints();
        app.MapApiReference();
        app.MapExecute();
        WebhookEndpoint.Map(app);
        app.MapCallbacks();
        app.MapProviderLogins();
        var api = app.MapGroup("/api/v1").AddEndpointFilterFactory(QueryParameters.RejectUnknown);
        MapPeople(api);
        api.MapRegistration();
        api.MapTenants();
        api.MapTenantStatus();
        api.MapOwnTenant();
        api.MapCapabilities();
        api.MapOperatorAccess();
        MapPapers(api);
        api.MapApprovals();
        api.MapSubstitutions();
        MapNews(api);
        MapHierarchy(api);
        api.MapExecutions();
        MapNumbers(api);
        api.MapSchedules();
        api.MapCalendars();
        api.MapJobRuns();
        api.MapPackages();
        api.MapDependencies();
        api.MapEvents();
        api.MapRules();
        api.MapActivity();
        api.MapSearch();
        api.MapSecrets();
        api.MapVariables();
        api.MapConnectors();
        api.MapConversationalSessions();
        api.MapContext();
        api.MapNodeTypes();
        api.MapExpressions();
        api.MapNodeDefinitions();
        MapModelsAndKnowledge(api);
        ((IEndpointRouteBuilder)app).VerifyPermissions();
    }

    private static void MapNumbers(RouteGroupBuilder api)
    {
        api.MapFailures();
        api.MapDashboard();
        api.MapAnalytics();
        api.MapMetrics();
        api.MapFireCalendar();
    }

    private static void MapNews(RouteGroupBuilder api)
    {
        api.MapNotifications();
        api.MapSubscriptions();
        api.MapNotificationSettings();
        api.MapLive();
    }

    private static void MapHierarchy(RouteGroupBuilder api)
    {
        api.MapWorkspaces();
        api.MapFolders();
        api.MapJobs();
        api.MapWorkflows();
        api.MapVersions();
        api.MapCheckOuts();
        api.MapWorkingCopies();
        api.MapPins();
        api.MapTests();
        api.MapTemplates();
        api.MapDiffs();
        api.MapExports();
        api.MapImports();
        api.MapDeletions();
        api.MapTrash();
        api.MapGrants();
        api.MapTransactions();
    }

    private static void MapPapers(RouteGroupBuilder api)
    {
        api.MapBilling();
        api.MapInvoices();
        api.MapTerms();
        api.MapAcceptances();
        api.MapTickets();
        api.MapTicketLabels();
        api.MapPlatformTickets();
        api.MapAnnouncements();
        api.MapBudgets();
        api.MapUsage();
    }

    private static void MapPeople(RouteGroupBuilder api)
    {
        api.MapLogin();
        api.MapSessions();
        api.MapApiKeys();
        api.MapServiceAccounts();
        api.MapInvitationAcceptance();
        api.MapPasswordResets();
        api.MapProfile();
        api.MapDirectory();
        api.MapViews();
        api.MapEmails();
        api.MapSecondFactors();
        api.MapSecurityPolicy();
        api.MapIdentityProviders();
        api.MapUsers();
        api.MapUserSessions();
        api.MapRemovals();
        api.MapInvitations();
        api.MapMails();
        api.MapAccounts();
        api.MapRoles();
        api.MapGroups();
    }

    /// <summary>
    /// Waits for this build's schema and makes the first tenant, before anybody is served; a second instance waits here
    /// for the first. The schema is the work of <see cref="Operator.MigrateCommand"/>; only an API that was started
    /// with the credentials of the database's owner makes it itself, as configurations of before do.
    /// </summary>
    public static async Task PrepareAsync(this WebApplication app, CancellationToken cancellationToken)
    {
        app.Services.GetRequiredService<MasterKeys>(); // fails now rather than at the first secret
        if (app.Services.GetRequiredService<DatabaseOptions>().AreOwners)
        {
            LogOwner(app.Logger);
            await app.Services.GetRequiredService<MigrationRunner>().MigrateAsync(cancellationToken);
        }

        await app.Services.GetRequiredService<SchemaGate>().WaitAsync(cancellationToken);
        await app.Services.GetRequiredService<DatabaseClock>().SyncAsync(app.Services.GetRequiredService<WorkflowsDatabase>(), cancellationToken);
        await app.Services.GetRequiredService<FirstStart>().RunAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning,
        "This API was given the credentials of the database's owner, which it does not need. Give them to a process "
            + "'dotnet Workflows.Api.dll migrate' and the API its own role's (docs/process-rights.md)")]
    private static partial void LogOwner(ILogger logger);

    private static void Bound(KestrelServerOptions kestrel, int connections)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = connections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = connections;
        kestrel.Limits.MaxRequestBufferSize = Limits.ReadAheadBytes;
        kestrel.Limits.MaxRequestBodySize = Limits.DrainedBodyBytes; // what is used of it is bounded where it is read
        kestrel.Limits.MaxRequestHeadersTotalSize = Limits.HeaderBytes;
        kestrel.Limits.MaxRequestLineSize = Limits.RequestLineBytes;
    }

    // The API reaches out itself only to test a connector, and to identity providers.
    private static void AddConnectors(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddSingleton<TenantSettingsStore>();
        services.AddSingleton<ConnectorStore>();
        services.AddSingleton<TenantAllowLists>();
        services.AddSingleton(provider =>
        {
            var known = provider.GetRequiredService<TenantAllowLists>();
            return new AllowLists(known.GetAsync, known.Forget);
        });
        services.AddSingleton(new NetworkOptions(configuration.GetSection("Connectors:Allow").Get<string[]>() ?? []));
        services.AddConnectors(provider => new SqlConnectorOptions(
            configuration.GetValue("Connectors:AllowPlatformDatabase", false),
            token => PlatformServer.IdentifierAsync(provider.GetRequiredService<WorkflowsDatabase>(), token)));
        services.AddSingleton<OpenIdClient>();
        AddModelsAndKnowledge(services);
    }

    private static void AddDialogues(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddSingleton(configuration.GetSection("Ussd").Get<UssdOptions>() ?? new UssdOptions());
        services.AddSingleton<DialogueStore>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton<Dialogues>();
        services.AddSingleton<UssdEndpoint>();
    }

    private static void AddMails(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddSingleton(MailSettings.Read(configuration));
        services.AddSingleton<AccountMails>();
        services.AddSingleton<MailStore>();
        services.AddHostedService<MailService>();
    }

    private static void AddStores(IServiceCollection services)
    {
        services.AddSingleton<ExecutionStarter>();
        services.AddSingleton<ExecutionControl>();
        services.AddSingleton<ExecutionQueries>();
        services.AddSingleton<OperatorQueries>();
        services.AddSingleton<LineageQueries>();
        services.AddSingleton<StepQueries>();
        services.AddSingleton<NodeQueries>();
        services.AddSingleton<FailureQueries>();
        services.AddSingleton<CompareQueries>();
        services.AddSingleton<AnalyticsQueries>();
        services.AddSingleton<MetricStore>();
        services.AddSingleton<QueueBudget>();
        services.AddSingleton<ApprovalInbox>();
        services.AddSingleton<ApprovalParts>();
        services.AddSingleton<DecisionStore>();
        services.AddSingleton<CallbackStore>();
        services.AddSingleton<EventRouter>();
        services.AddSingleton<EventStore>();
        services.AddSingleton<EventExplainer>();
        services.AddSingleton<WebhookStore>();
        services.AddSingleton<GrantStore>();
        services.AddSingleton<ObjectRanks>();
        services.AddSingleton<IdentityProviderStore>();
        services.AddSingleton<RateLimitStore>();
        services.AddSingleton<Invalidation>();
    }

    private static void AddSecurity(IServiceCollection services, ConfigurationManager configuration)
    {
        services.AddSingleton(configuration.GetSection("RateLimits").Get<RateLimitOptions>() ?? new RateLimitOptions());
        services.AddSingleton<Keys>();
        services.AddSingleton<Tokens>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<Callers>();
        services.AddSingleton<ObjectRights>();
        services.AddSingleton<ApiKeyUses>();
        services.AddSingleton<RateLimiter>();
    }
}
