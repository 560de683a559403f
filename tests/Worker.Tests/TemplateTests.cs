using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Engine.Testing;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>A database and a worker that the templates share: each of them is a test of its own.</summary>
public sealed class TemplateBed(PostgresServer server) : IAsyncLifetime
{
    internal WorkerBed Bed { get; private set; } = null!;

    internal Guid Workflow { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Bed = await WorkerBed.CreateAsync(server, redis: null);
        await Bed.StartWorkerAsync();
        Workflow = await Bed.PublishAsync("""{"id": "n", "type": "noop"}""");
    }

    public ValueTask DisposeAsync() => Bed.DisposeAsync();
}

/// <summary>Every template that the API offers, run by a real worker on its own examples.</summary>
public sealed class TemplateTests(TemplateBed shared) : IClassFixture<TemplateBed>
{
    private const string Prefix = "templates/";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    // By what a node is left by when something does not go well; pins stand for answers, and not for errors.
    private static readonly string[] ErrorPorts = ["error", "timeout", "exhausted", "expired"];

    private static readonly (string Template, string Node)[] OnlyAfterErrors = [("fan-out", "tell")];

    /// <summary>Each example of each template, by its place: names are shown when one fails.</summary>
    public static TheoryData<string, string> Examples { get; } = [.. Names()
        .SelectMany(name => Read(name)["examples"]!.AsArray()
            .Select(example => new TheoryDataRow<string, string>(name, example!["title"]!.GetValue<string>())))];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task A_template_compiles_and_its_example_ends_as_it_says(string name, string title)
    {
        var template = Read(name);
        var example = template["examples"]!.AsArray().Single(one => one!["title"]!.GetValue<string>() == title)!;
        var definition = template["definition"]!.ToJsonString();
        Assert.True(
            CompiledWorkflow.TryAccept(
                Encoding.UTF8.GetBytes(definition), CustomNodeSet.Empty, out var compiled, out var problems),
            string.Join('\n', problems));
        Assert.Empty(compiled.Objections);
        var input = example["input"]!.ToJsonString();
        Assert.Empty(compiled.ValidateInput(JsonElement.Parse(input)));

        var execution = await StartAsync(definition, example["pins"]!.AsObject(), input);
        var (status, result) = await shared.Bed.EndOfAsync(execution, Soon);

        var steps = string.Join('\n', await shared.Bed.StepsOfAsync(execution));
        Assert.True(example["status"]!.GetValue<string>() == status, $"{status} {result}\n{steps}");
        if (status == "failed")
        {
            Assert.Equal(example["code"]!.GetValue<string>(), result);
        }
        else
        {
            Assert.True(
                JsonNode.DeepEquals(example["output"], JsonNode.Parse(result)),
                $"{example["output"]!.ToJsonString()} was expected, {result} it is.\n{steps}");
        }
    }

    [Fact]
    public async Task Examples_take_every_way_of_a_template_but_those_of_errors_and_times()
    {
        Assert.True(Names().Count() >= 12);
        foreach (var name in Names())
        {
            var template = Read(name);
            var taken = new HashSet<string>(StringComparer.Ordinal);
            foreach (var example in template["examples"]!.AsArray())
            {
                var execution = await StartAsync(
                    template["definition"]!.ToJsonString(), example!["pins"]!.AsObject(),
                    example["input"]!.ToJsonString());
                await shared.Bed.EndOfAsync(execution, Soon);
                taken.UnionWith(await shared.Bed.ListAsync(
                    "select distinct node_id from step_executions where execution_id = $1", execution));
            }

            var never = Reachable(name, template["definition"]!).Where(node => !taken.Contains(node)).ToList();
            Assert.True(never.Count == 0, $"{name}: no example comes to {string.Join(", ", never)}");
        }
    }

    [Fact]
    public async Task The_saga_takes_back_what_it_had_booked_the_last_one_first()
    {
        var template = Read("order-saga");
        var example = template["examples"]!.AsArray().Single(one => one!["status"]!.GetValue<string>() == "failed")!;
        var execution = await StartAsync(
            template["definition"]!.ToJsonString(), example["pins"]!.AsObject(), example["input"]!.ToJsonString());
        await shared.Bed.EndOfAsync(execution, Soon);

        var steps = await shared.Bed.StepsOfAsync(execution);

        Assert.Equal(["cancelHotel/1", "cancelFlight/1"], steps[^2..].Select(step => step.Split(' ')[0]));
    }

    [Fact]
    public async Task The_patient_delivery_really_tries_again_and_gives_up_with_its_own_code()
    {
        await using var target = await TargetServer.StartAsync();
        var url = target.On("/inbox", (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        var definition = Read("retry-dead-letter")["definition"]!;
        var deliver = definition["nodes"]!.AsArray().Single(node => node!["id"]!.GetValue<string>() == "deliver")!;
        deliver["parameters"]!["url"] = url;
        deliver["retry"]!["maxAttempts"] = 3;
        deliver["retry"]!["initialDelaySeconds"] = 0.01;

        var workflow = await shared.Bed.PublishAsync(
            string.Join(", ", definition["nodes"]!.AsArray().Select(node => node!.ToJsonString())),
            string.Join(", ", Edges(definition).Select(edge => $"{edge.From}.{edge.Port}>{edge.To}")));
        var execution = await shared.Bed.StartAsync(workflow, """{"id": "M-3"}""");

        Assert.Equal(("failed", "DELIVERY_FAILED"), await shared.Bed.EndOfAsync(execution, Soon));
        Assert.Equal(3, target.Calls.Count);
        Assert.Equal(
            1, await shared.Bed.ScalarAsync<long>("select count(*) from dead_letters where execution_id = $1",
                execution));
    }

    private async Task<Guid> StartAsync(string definition, JsonObject pins, string input)
    {
        var id = Guid.CreateVersion7();
        var plan = new TestPlan
        {
            Pins = pins.ToDictionary(
                pin => pin.Key,
                pin => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(pin.Value?.ToJsonString() ?? "null")),
        };
        await shared.Bed.ExecuteAsync(
            """
            insert into test_runs (tenant_id, execution_id, workflow_id, source, definition, plan, created_at)
            values ($1, $2, $3, 'inline', $4::jsonb, $5::jsonb, now())
            """, shared.Bed.TenantId, id, shared.Workflow, definition, Encoding.UTF8.GetString(plan.ToJson()));
        await shared.Bed.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at)
            values ($1, $2, $3, 0, 'test', $4::jsonb, now())
            """, shared.Bed.TenantId, id, shared.Workflow, input);
        return id;
    }

    private static IEnumerable<string> Names() =>
        typeof(TemplateTests).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..^".json".Length]);

    private static JsonObject Read(string name)
    {
        using var stream = typeof(TemplateTests).Assembly.GetManifestResourceStream($"{Prefix}{name}.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    private static IEnumerable<(string From, string Port, string To)> Edges(JsonNode graph) =>
        (graph["edges"]?.AsArray() ?? []).Select(edge => (
            edge!["from"]!.GetValue<string>(), edge["port"]?.GetValue<string>() ?? "main",
            edge["to"]!.GetValue<string>()));

    private static List<string> Reachable(string template, JsonNode graph)
    {
        var nodes = graph["nodes"]!.AsArray().ToDictionary(node => node!["id"]!.GetValue<string>(), node => node!);
        var undo = nodes.Values.Select(node => node["compensate"]?.GetValue<string>()).ToHashSet();
        var edges = Edges(graph).ToList();
        var led = edges.Select(edge => edge.To).ToHashSet(StringComparer.Ordinal);
        var found = nodes.Keys.Where(id => !led.Contains(id) && !undo.Contains(id)).ToList();
        for (var index = 0; index < found.Count; index++)
        {
            found.AddRange(edges
                .Where(edge => edge.From == found[index] && !ErrorPorts.Contains(edge.Port) && !found.Contains(edge.To)
                    && !OnlyAfterErrors.Contains((template, edge.To)))
                .Select(edge => edge.To).Distinct().ToList());
        }

        return [.. found, .. found.Select(id => nodes[id]["body"]).OfType<JsonNode>()
            .SelectMany(body => Reachable(template, body))];
    }
}
