using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Events;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>Whatever comes in: problems, never an exception, and never much time.</summary>
public sealed class HostileDefinitionTests
{
    // Of this thread on a processor, where the system says: a busy machine then proves nothing wrong.
    private const double Seconds = 10;

    private const string Sample = """
        {"schema": 1, "name": "Order", "triggers": [{"id": "t", "type": "event", "eventType": "order.*", "condition": "event.data.amount > 0"}],
         "nodes": [
           {"id": "a", "type": "http", "parameters": {"method": "post", "url": "https://x/{{ input.id }}", "body": {"n": "{{ input.amount }}"}}, "retry": {"maxAttempts": 3}},
           {"id": "b", "type": "switch", "parameters": {"cases": [{"port": "x", "when": "steps.a.output.status = 200"}]}},
           {"id": "c", "type": "join", "parameters": {"mode": "any"}}, {"id": "d", "type": "delay", "parameters": {"seconds": 5}}],
         "edges": [{"from": "a", "to": "b"}, {"from": "b", "port": "x", "to": "c"}, {"from": "a", "port": "error", "to": "c"}, {"from": "c", "to": "d"}],
         "parameters": {"type": "object", "properties": {"id": {"type": "string", "pattern": "^o-"}}, "required": ["id"]},
         "output": {"status": "{{ steps.a.output.status }}"}, "settings": {"timeoutSeconds": 60, "concurrency": {"limit": 2, "key": "input.id"}}}
        """;

    private const string SampleEvent = """{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "2026-01-31T12:00:00Z", "ext": 1, "data": {"x": [1]}}""";

    private static readonly string[] Pieces =
        ["null", "true", "-1", "1e309", "\"\"", "\"{{\"", "\"}}\"", "\"{{ }}\"", "[]", "{}", "[[[]]]", "\"\\u0000\"", "\"\\ud800\"", "{\"a\":1,\"a\":2}", ",", "}", "\\", "\u00e4", "\"a\""];

    [Fact]
    public void No_mutation_of_a_definition_throws()
    {
        Assert.NotNull(Flow.Compile(Sample));
        var refused = 0;
        for (var seed = 0; seed < 5_000; seed++)
        {
            refused += CompiledWorkflow.TryCompile(Mutate(Sample, seed), out _, out var problems) ? 0 : 1;
            Assert.All(problems, problem => Assert.NotEmpty(problem.Message));
        }

        Assert.InRange(refused, 3_000, 5_000);
    }

    [Fact]
    public void No_mutation_of_an_event_throws()
    {
        var refused = 0;
        for (var seed = 0; seed < 5_000; seed++)
        {
            refused += CloudEvent.TryParse(Mutate(SampleEvent, seed), out _, out _) ? 0 : 1;
        }

        Assert.InRange(refused, 2_000, 5_000);
    }

    [Fact]
    public void A_value_of_a_wrong_type_anywhere_is_a_problem()
    {
        using var document = JsonDocument.Parse(Sample);
        foreach (var path in Paths(document.RootElement, ""))
        {
            foreach (var wrong in new[] { "null", "[{}]", "{\"x\": {}}", "-7.5", "\"?\"" })
            {
                CompiledWorkflow.TryCompile(Replace(document.RootElement, path, wrong), out _, out _);
            }
        }
    }

    [Fact]
    public void Very_many_wrong_references_in_a_large_definition_take_little_time()
    {
        var name = new string('n', 55);
        var nodes = string.Join(',', Enumerable.Range(0, 9_000).Select(index => Flow.Noop($"{name}{index}")));
        var wrong = string.Join(',', Enumerable.Range(0, 600).Select(index => Flow.Set($"w{index}", $"\"{{{{ steps.{name}x{index}.output }}}}\"")));

        AssertQuick(Flow.Json($"{nodes}, {wrong}"), DefinitionProblemCodes.ReferenceUnknown);
    }

    [Fact]
    public void Very_many_joins_at_the_end_of_a_long_chain_take_little_time()
    {
        const int Half = 4_900;
        var chain = string.Join(',', Enumerable.Range(0, Half).Select(index => Flow.Noop($"c{index}")));
        var joins = string.Join(',', Enumerable.Range(0, Half).Select(index => Flow.Join($"j{index}", "\"mode\": \"count\", \"count\": 3")));
        var edges = Enumerable.Range(1, Half - 1).Select(index => $"c{index - 1}>c{index}")
            .Concat(Enumerable.Range(0, Half).SelectMany(index => new[] { $"c{Half - 1}>j{index}", $"c{Half - 2}>j{index}" }));

        AssertQuick(Flow.Json($"{chain}, {joins}", string.Join(',', edges)), DefinitionProblemCodes.JoinNeverCompletes);
    }

    [Fact]
    public void A_knot_of_cycles_takes_little_time()
    {
        const int Count = 140; // 140 × 139 = 19,460 edges: everybody to everybody
        var nodes = string.Join(',', Enumerable.Range(0, Count).Select(index => Flow.Noop($"n{index}")));
        var edges = from first in Enumerable.Range(0, Count) from next in Enumerable.Range(0, Count) where first != next select $"n{first}>n{next}";

        AssertQuick(Flow.Json(nodes, string.Join(',', edges)), DefinitionProblemCodes.GraphCycle);
    }

    [Theory]
    [InlineData("((a{1000}){1000}){1000}")]
    [InlineData("(a|b|c|d){1000}(a|b){1000}")]
    [InlineData("(.*){1,1000}x")]
    [InlineData("((((((a*)*)*)*)*)*)*$")]
    public void A_hostile_pattern_costs_little_or_is_refused(string pattern)
    {
        var began = SecondsSpent();
        var json = Flow.Json(Flow.Noop("a"), "", $$$""", "parameters": {"pattern": {{{JsonSerializer.Serialize(pattern)}}}}""");
        if (CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(json), out var workflow, out _))
        {
            workflow.ValidateInput(JsonElement.Parse($"\"{new string('a', 10_000)}!\""));
        }

        Assert.InRange(SecondsSpent() - began, 0, Seconds);
    }

    [Fact]
    public void One_compiled_workflow_serves_many_threads()
    {
        var workflow = Flow.Compile(
            $"{Flow.Set("a", "{\"x\": \"{{ input.n * 2 }}\"}")}, {Flow.If("i", "steps.a.output.x > 10")}, {Flow.Set("b", "\"{{ steps.a.output.x }}\"")}",
            "a>i, i.true>b");

        Parallel.For(0, 2_000, number =>
        {
            var state = new ExecutionState(workflow, new ExecutionFacts
            {
                ExecutionId = Guid.CreateVersion7(), TenantId = Guid.CreateVersion7(), WorkflowId = Guid.CreateVersion7(), Version = 1,
                TriggerType = "manual", CreatedAt = DateTimeOffset.UnixEpoch, Input = Encoding.UTF8.GetBytes($$"""{"n": {{number}}}"""),
            });
            var decisions = new List<Decision>();
            Decider.Start(state, DateTimeOffset.UnixEpoch, decisions);

            var end = Assert.IsType<CompleteExecution>(decisions[^1]);
            Assert.Equal(number > 5 ? $"{number * 2}" : "false", Encoding.UTF8.GetString(end.Output.Span));
        });
    }

    private static double SecondsSpent()
    {
        const string Spent = "/proc/thread-self/schedstat";
        return File.Exists(Spent)
            ? long.Parse(File.ReadAllText(Spent).Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) / 1e9
            : Stopwatch.GetElapsedTime(0).TotalSeconds;
    }

    private static void AssertQuick(string json, string code)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        var began = SecondsSpent();
        CompiledWorkflow.TryCompile(utf8, out _, out var problems);

        Assert.InRange(SecondsSpent() - began, 0, Seconds);
        Assert.Contains(problems, problem => problem.Code == code);
    }

    private static byte[] Mutate(string text, int seed)
    {
        var random = new Random(seed);
        var mutated = new StringBuilder(text);
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = random.Next(mutated.Length);
            switch (random.Next(4))
            {
                case 0:
                    mutated.Remove(at, Math.Min(random.Next(1, 12), mutated.Length - at));
                    break;
                case 1:
                    mutated.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
                case 2:
                    mutated[at] = (char)random.Next(32, 127);
                    break;
                default:
                    var length = Math.Min(random.Next(1, 40), mutated.Length - at);
                    mutated.Insert(random.Next(mutated.Length), mutated.ToString(at, length));
                    break;
            }
        }

        var utf8 = Encoding.UTF8.GetBytes(mutated.ToString());
        if (random.Next(20) == 0)
        {
            utf8[random.Next(utf8.Length)] = (byte)random.Next(128, 256);
        }

        return utf8;
    }

    private static IEnumerable<string> Paths(JsonElement json, string path) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => Paths(member.Value, $"{path}/{member.Name}")).Prepend(path),
        JsonValueKind.Array => json.EnumerateArray().SelectMany((item, index) => Paths(item, $"{path}/{index}")).Prepend(path),
        _ => [path],
    };

    private static byte[] Replace(JsonElement json, string path, string replacement)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Write(json, "");

            void Write(JsonElement element, string at)
            {
                if (at == path)
                {
                    writer.WriteRawValue(replacement);
                }
                else if (element.ValueKind == JsonValueKind.Object)
                {
                    writer.WriteStartObject();
                    foreach (var member in element.EnumerateObject())
                    {
                        writer.WritePropertyName(member.Name);
                        Write(member.Value, $"{at}/{member.Name}");
                    }

                    writer.WriteEndObject();
                }
                else if (element.ValueKind == JsonValueKind.Array)
                {
                    writer.WriteStartArray();
                    var index = 0;
                    foreach (var item in element.EnumerateArray())
                    {
                        Write(item, $"{at}/{index++}");
                    }

                    writer.WriteEndArray();
                }
                else
                {
                    element.WriteTo(writer);
                }
            }
        }

        return stream.ToArray();
    }
}
