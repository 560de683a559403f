using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Connectors;
using Workflows.Connectors.Network;
using Workflows.Data.Context;
using Workflows.Data.Conversations;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Models;
using Workflows.Testing;
using Workflows.Worker.Calls;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>All runners that use connectors, on a database of their own, allowed to reach loopback.</summary>
internal sealed class ConnectorBed : IAsyncDisposable
{
    private readonly HttpClients _clients;
    private readonly SqlConnector _sql;

    private ConnectorBed(WorkerBed bed, string[] allow, bool allowPlatformDatabase, string? fileRoot)
    {
        Bed = bed;
        var clock = TimeProvider.System;
        var network = new GuardedNetwork(bed.AllowLists, new NetworkOptions(allow));
        _clients = new HttpClients(network);
        _sql = new SqlConnector(
            network,
            new SqlConnectorOptions(allowPlatformDatabase, token =>
            PlatformServer.IdentifierAsync(bed.WorkerDatabase, token)));
        var access = new ConnectorAccess(bed.Connectors, clock);
        var http = new HttpConnector(_clients, clock);
        var (smtp, s3) = (new SmtpConnector(network, clock), new S3Connector(_clients, clock));
        Tester = new ConnectorTester(_clients, http, _sql, smtp, s3, clock);
        var calls = new HttpNodeRunner(_clients, access, http, clock);
        var models = new ServiceCollection().AddSingleton(bed.WorkerDatabase).AddSingleton(bed.Connectors)
            .AddSingleton(_clients).AddSingleton(clock).AddLogging().AddModels().BuildServiceProvider()
            .GetRequiredService<IModelCaller>();
        Runners = new INodeRunner[]
        {
            new PromptNodeRunner(models, new WorkflowMemory(bed.WorkerDatabase), access),
            new ClassifyNodeRunner(models, access),
            new ExtractNodeRunner(models, access),
            new EmbedNodeRunner(models, access),
            calls,
            new CustomNodeRunner(new NodeDefinitionStore(bed.WorkerDatabase, bed.Changes, clock), calls, access, clock),
            new SqlNodeRunner(access, _sql),
            new EmailNodeRunner(access, smtp),
            new FileNodeRunner(access, s3, new FolderStorage(FilesIn(fileRoot), clock)),
            new StoreNodeRunner(new ContextStore(bed.WorkerDatabase, clock), access, clock),
        }.ToDictionary(runner => runner.Type);
    }

    /// <summary>A quota that tests can reach: 2,000 bytes and 20 files.</summary>
    private static WorkerOptions FilesIn(string? root) =>
        new() { FileRoot = root, FileQuotaBytes = 2_000, FileQuotaCount = 20 };

    public WorkerBed Bed { get; }

    public ConnectorTester Tester { get; }

    private Dictionary<string, INodeRunner> Runners { get; }

    public static async Task<ConnectorBed> CreateAsync(
        PostgresServer server, string[]? allow = null, bool allowPlatformDatabase = false, string? fileRoot = null) =>
        new(await WorkerBed.CreateAsync(server, redis: null), allow ?? ["127.0.0.1"], allowPlatformDatabase, fileRoot);

    /// <summary>One attempt of one node.</summary>
    /// <param name="parameters">As the engine renders them.</param>
    public async Task<NodeResult> RunAsync(string type, object parameters, Guid? execution = null, string node = "n", Guid? workflow = null)
    {
        var call = new NodeCall(
            Bed.TenantId, WorkerBed.NodeRun(type, execution ?? Guid.CreateVersion7(), node, JsonSerializer.SerializeToUtf8Bytes(parameters, JsonSerializerOptions.Web)))
        {
            WorkflowId = workflow ?? Guid.Empty,
        };
        return await Runners[CustomNodes.NameOf(type) is null ? type : CustomNodes.Prefix].RunAsync(call, TestContext.Current.CancellationToken);
    }

    public async Task<JsonNode> SucceedAsync(string type, object parameters, Guid? execution = null, string node = "n", Guid? workflow = null)
    {
        var result = await RunAsync(type, parameters, execution, node, workflow);
        return JsonNode.Parse(Assert.IsType<NodeResult.Success>(result, exactMatch: true).Output)!;
    }

    public async Task<StepError> FailAsync(string type, object parameters) => Assert.IsType<NodeResult.Failure>(await RunAsync(type, parameters)).Error;

    public async ValueTask DisposeAsync()
    {
        _clients.Dispose();
        _sql.Dispose();
        await Bed.DisposeAsync();
    }
}
