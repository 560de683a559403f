using JasperFx.Resources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;
using Wolverine.Postgresql;
using Wolverine.RDBMS;
using Workflows.Load;

namespace Workflows.Peers;

/// <summary>A job of one step.</summary>
public sealed record NoopMessage(string Input);

/// <summary>Takes <see cref="NoopMessage"/>.</summary>
public static class NoopMessageHandler
{
    public static void Handle(NoopMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Progress.CountJob();
    }
}

/// <summary>Starts a <see cref="TenStepSaga"/>.</summary>
public sealed record BeginTenSteps(Guid Id, string Order);

/// <summary>Has a <see cref="TenStepSaga"/> do its next step.</summary>
public sealed record NextStep(Guid Id);

/// <summary>Ten steps. Each is a message of its own, and its result is stored with the saga before the next.</summary>
public sealed class TenStepSaga : Saga
{
    public Guid Id { get; set; }

    public string Order { get; set; } = "";

    public IList<string> Results { get; set; } = [];

    public static (TenStepSaga Saga, NextStep Next) Start(BeginTenSteps begin)
    {
        ArgumentNullException.ThrowIfNull(begin);
        var saga = new TenStepSaga { Id = begin.Id, Order = begin.Order };
        saga.Results.Add(Workloads.StepResult(begin.Order, 1));
        return (saga, new NextStep(begin.Id));
    }

    // It is not marked as completed, which would remove it: its results are the record of the run.
    public NextStep? Handle(NextStep next)
    {
        ArgumentNullException.ThrowIfNull(next);
        Results.Add(Workloads.StepResult(Order, Results.Count + 1));
        Progress.CountStep(Results.Count);
        return Results.Count < Workloads.Steps ? next : null;
    }
}

/// <summary>Wolverine: durable local queues, and a saga for ten steps.</summary>
internal sealed class WolverinePeer : IPeer
{
    private const int Parallel = 40;

    private const string HandledSql = """
        select count(*) from wolverine.wolverine_incoming_envelopes
        where status = 'Handled' and message_type like '%NoopMessage'
        """;

    private const string DoneSql = """
        select count(*) from wolverine.ten_step_saga
        where jsonb_array_length(coalesce(body::jsonb -> 'results', body::jsonb -> 'Results')) = 10
        """;

    private const string IsDoneSql = """
        select count(*) from wolverine.ten_step_saga
        where id = $1 and jsonb_array_length(coalesce(body::jsonb -> 'results', body::jsonb -> 'Results')) = 10
        """;

    private const string SagasSql = "select count(*) from wolverine.ten_step_saga";

    private const string DeadSql = "select count(*) from wolverine.wolverine_dead_letters";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);

    public string Name => "wolverine";

    public IReadOnlyList<Type> Packages => [typeof(IMessageBus), typeof(PostgresqlConfigurationExtensions)];

    public string Settings =>
        $"durable local queues, {Parallel} messages at a time on each, inserts and ends of messages in batches of 100 "
        + "(its own), solo mode, handled messages kept for ten minutes, code generated at run time; ten steps are ten "
        + "messages of a saga in its own PostgreSQL storage, which keeps the results.";

    public async Task RunAsync(PeerBed bed)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseWolverine(options => Configure(options, bed.ConnectionString));
        using var host = builder.Build();
        await host.StartAsync();

        var bus = host.Services.GetRequiredService<IServiceScopeFactory>();
        var input = Workloads.Text(PeerInput.Bytes);
        await bed.MeasureNoopAsync(
            _ => PublishAsync(bus, new NoopMessage(input)), () => bed.CountAsync(HandledSql));
        await bed.MeasureTenStepAsync(
            number => PublishAsync(bus, new BeginTenSteps(Guid.CreateVersion7(), $"{number}")),
            () => bed.CountAsync(DoneSql));
        await bed.MeasureLatencyAsync(async number =>
        {
            var id = Guid.CreateVersion7();
            await PublishAsync(bus, new BeginTenSteps(id, $"{number}"));
            while (!await IsDoneAsync(bed, id))
            {
                await Task.Delay(Poll, CancellationToken.None);
            }
        });
        await bed.VerifyAsync(DeadSql, 0);
        await bed.VerifyAsync(DoneSql, await bed.CountAsync(SagasSql));
        await host.StopAsync();
    }

    private static void Configure(WolverineOptions options, string connectionString)
    {
        options.ApplicationAssembly = typeof(WolverinePeer).Assembly;
        options.UseRuntimeCompilation();
        options.PersistMessagesWithPostgresql(connectionString, "wolverine");
        // Without it the first handlers create the table beside each other, and lose sagas.
        options.AddSagaType<TenStepSaga>("ten_step_saga");
        options.Services.AddResourceSetupOnStartup();
        options.Durability.Mode = DurabilityMode.Solo;
        options.Durability.KeepAfterMessageHandling = TimeSpan.FromMinutes(10);
        options.Policies.UseDurableLocalQueues();
        options.Policies.AutoApplyTransactions();
        options.LocalQueueFor<NoopMessage>().UseDurableInbox().MaximumParallelMessages(Parallel);
        options.LocalQueueFor<BeginTenSteps>().UseDurableInbox().MaximumParallelMessages(Parallel);
        options.LocalQueueFor<NextStep>().UseDurableInbox().MaximumParallelMessages(Parallel);
    }

    private static async Task PublishAsync<T>(IServiceScopeFactory scopes, T message)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IMessageBus>().PublishAsync(message);
    }

    private static async Task<bool> IsDoneAsync(PeerBed bed, Guid id)
    {
        await using var command = bed.Database.CreateCommand(IsDoneSql);
        command.Parameters.Add(new() { Value = id });
        return (long)(await command.ExecuteScalarAsync())! > 0;
    }
}
