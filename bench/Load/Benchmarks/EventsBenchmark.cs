using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>CloudEvents in batches against many triggers and rules with conditions.</summary>
internal sealed class EventsBenchmark : IBenchmark
{
    private const int Events = 200_000;
    private const int PerCall = 1_000;
    private const int Connections = 4;
    private const int Types = 100;
    private const int PerType = 10;
    private const int Threshold = 950;
    private const int WarmUp = 20;
    private const int ReferenceRows = 20_000;

    private const string StoredSql = "select count(*) from events where type like 'shop%'";
    private const string QueuedSql = "select count(*) from events_to_route";
    private const string StartedSql = "select count(*) from executions where trigger_type = $1";

    public string Name => "events";

    public string Description =>
        "200,000 CloudEvents of 100 types in batches of 1,000 from 4 connections, against 1,000 triggers and 1,000 rules with conditions (half of the triggers by "
        + "pattern): each event is tested by 10 of each, every twentieth starts one execution by a trigger and one by a rule. All stored, matched and started when "
        + "the last call is answered; counts verified. Aim 10,000/s. Reference: insert of the same rows into a table like that of the events. "
        + CpuShares.Meaning;

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        await PrepareAsync(client);
        var batches = Enumerable.Range(0, Events / PerCall).Select(number => Batch(number, "e")).ToArray();
        foreach (var number in Enumerable.Range(0, WarmUp))
        {
            await client.PublishEventsAsync(Batch(number, "warm"));
        }

        var cpu = new CpuMeter(platform);
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            batches, new ParallelOptions { MaxDegreeOfParallelism = Connections },
            async (batch, _) =>
            {
                var accepted = await client.PublishEventsAsync(batch);
                if (accepted != PerCall)
                {
                    throw new InvalidOperationException($"Of {PerCall} events {accepted} were accepted.");
                }
            });
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var used = cpu.ReadShares(seconds);

        var matching = Enumerable.Range(0, Events).Concat(Enumerable.Range(0, WarmUp * PerCall)).LongCount(Matches);
        await VerifyAsync(client, StoredSql, Events + (WarmUp * PerCall));
        await VerifyAsync(client, QueuedSql, 0);
        await VerifyAsync(client, StartedSql, matching, "event");
        await VerifyAsync(client, StartedSql, matching, "rule");
        report("throughput", Events / seconds, "events/s");
        report("started", 2.0 * Enumerable.Range(0, Events).LongCount(Matches), "executions");
        var reference = await ReferenceAsync(client);
        report("reference", reference, "rows/s inserted");
        report("ratio", Events / seconds / reference, "of reference");
        used.Report(Events, "events/s", report);
    }

    private static async Task VerifyAsync(PlatformClient client, string sql, long expected, params object[] parameters)
    {
        var found = await client.ScalarAsync<long>(sql, parameters);
        if (found != expected)
        {
            throw new InvalidOperationException($"{found} instead of {expected}: {sql} {string.Join(", ", parameters)}");
        }
    }

    private static async Task PrepareAsync(PlatformClient client)
    {
        for (var type = 0; type < Types; type++)
        {
            var triggers = Enumerable.Range(0, PerType).Select(region => new
            {
                id = $"t{region}",
                type = "event",
                eventType = region % 2 == 0 ? TypeOf(type) : $"shop{type}.*.placed",
                condition = Condition(region),
            });
            var workflow = await client.PublishAsync($"events {type}", JsonSerializer.Serialize(
                new { schema = 1, triggers, nodes = new[] { new { id = "only", type = "noop" } }, edges = Array.Empty<object>() }));
            for (var region = 0; region < PerType; region++)
            {
                await client.CreateRuleAsync(JsonSerializer.SerializeToUtf8Bytes(new
                {
                    name = $"rule {type}/{region}",
                    eventType = TypeOf(type),
                    condition = Condition(region),
                    actions = new[] { new { type = "startWorkflow", workflow, input = new { order = "{{ event.data.order }}", amount = "{{ event.data.amount }}" } } },
                }));
            }
        }
    }

    private static string TypeOf(int type) => $"shop{type}.order.placed";

    private static string Condition(int region) => $"event.data.amount > {Threshold} and event.data.region = \"r{region}\"";

    private static int AmountOf(int number) => (int)((number * 2_654_435_761L >> 8) % 1_000);

    private static bool Matches(int number) => AmountOf(number) > Threshold;

    private static byte[] Batch(int batch, string prefix)
    {
        var text = new StringBuilder("[");
        for (var number = batch * PerCall; number < (batch + 1) * PerCall; number++)
        {
            text.Append(text.Length == 1 ? "" : ",").Append(
                CultureInfo.InvariantCulture,
                $$$"""
                {"specversion":"1.0","id":"{{{prefix}}}{{{number}}}","source":"/shop/{{{number % 7}}}","type":"{{{TypeOf(number / 10 % Types)}}}",
                "subject":"order-{{{number}}}","time":"2026-01-31T12:00:00Z","data":{"order":"o{{{number}}}","amount":{{{AmountOf(number)}}},
                "region":"r{{{number % PerType}}}","customer":{"name":"Ada Lovelace","city":"London"},
                "items":[{"sku":"a-{{{number % 97}}}","count":2},{"sku":"b-{{{number % 89}}}","count":1}]} }
                """);
        }

        return Encoding.UTF8.GetBytes(text.Append(']').ToString());
    }

    private static async Task<double> ReferenceAsync(PlatformClient client)
    {
        await client.ScalarAsync<int>("create table reference_events (like events including defaults including constraints including indexes); select 1");
        var began = Stopwatch.GetTimestamp();
        for (var round = 0; round < Events / ReferenceRows; round++)
        {
            await client.ScalarAsync<long>("""
                with source as (select * from events order by tenant_id, id offset $1 limit $2),
                inserted as (insert into reference_events select * from source returning 1)
                select count(*) from inserted
                """, round * ReferenceRows, ReferenceRows);
        }

        return Events / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
