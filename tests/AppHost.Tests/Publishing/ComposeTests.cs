using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using Workflows.Testing;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>The published <c>docker-compose.yaml</c> and its <c>.env</c>.</summary>
[Collection(nameof(PublishedFiles))]
public sealed partial class ComposeTests(PublishedFiles published)
{
    private JsonObject Services => published.Compose["services"]!.AsObject();

    [Fact]
    public void It_follows_the_schema_of_the_specification()
    {
        var schema = ComposeSchema();
        var document = published.Compose;
        document.Remove("name"); // came into the specification after this schema

        var result = schema.Evaluate(Element(document), new EvaluationOptions { OutputFormat = OutputFormat.List });

        Assert.True(result.IsValid, JsonSerializer.Serialize(result));
    }

    [Fact]
    public void The_schema_finds_what_is_wrong()
    {
        var document = published.Compose;
        document.Remove("name");
        document["services"]!["api"]!["stop_grace"] = "10s";

        Assert.False(ComposeSchema().Evaluate(Element(document), new EvaluationOptions()).IsValid);
    }

    [Fact]
    public void What_is_to_be_filled_in_is_what_the_file_names()
    {
        var named = Variable().Matches(published.Text("compose/docker-compose.yaml"))
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .Order();

        Assert.Equal(published.Settings("compose/.env").Keys.Order(), named);
    }

    [Fact]
    public void No_variable_may_stay_empty() =>
        Assert.DoesNotMatch(OptionalVariable(), published.Text("compose/docker-compose.yaml"));

    [Fact]
    public void Images_of_servers_are_pinned_and_those_of_projects_named()
    {
        var images = Services.Select(service => (service.Key, Image: (string)service.Value!["image"]!)).ToList();

        Assert.Equal(6, images.Count);
        Assert.Equal("${API_IMAGE:?}", (string?)Services["migration"]!["image"]);
        foreach (var (_, image) in images)
        {
            var pinned = image.StartsWith("${", StringComparison.Ordinal)
                ? published.Settings("compose/.env")[Variable().Match(image).Groups[1].Value]
                : image;
            Assert.Matches(Tag(), pinned);
            Assert.DoesNotContain(":latest", pinned, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Whoever_is_waited_for_has_a_health_check()
    {
        var waits = Services
            .Where(service => service.Value!["depends_on"] is not null)
            .SelectMany(service => service.Value!["depends_on"]!.AsObject())
            .ToList();

        var once = waits.Where(wait => wait.Key == "migration").ToList();
        var standing = waits.Except(once).ToList();
        // api for two servers, worker and aisearch for these and the API, the migration for its database
        Assert.Equal(9, standing.Count);
        Assert.All(standing, wait => Assert.Equal("service_healthy", (string?)wait.Value!["condition"]));
        Assert.All(standing, wait => Assert.NotNull(Services[wait.Key]!["healthcheck"]!["test"]));
        Assert.Equal("service_completed_successfully", (string?)Assert.Single(once).Value!["condition"]);
    }

    [Fact]
    public void The_migration_runs_once_and_does_not_stay()
    {
        var migration = Services["migration"]!;

        Assert.Equal(["migrate"], migration["command"]!.AsArray().Select(argument => (string)argument!));
        Assert.Equal("no", (string?)migration["restart"]);
        Assert.Null(migration["healthcheck"]);
        Assert.NotNull(Services["api"]!["depends_on"]!["migration"]);
    }

    [Fact]
    public void Nobody_waits_in_a_circle()
    {
        var started = new HashSet<string>();
        var open = Services.ToDictionary(
            service => service.Key,
            service => (service.Value!["depends_on"] as JsonObject ?? []).Select(wait => wait.Key).ToHashSet());
        while (open.Where(service => service.Value.IsSubsetOf(started)).Select(service => service.Key).ToList()
            is { Count: > 0 } next)
        {
            started.UnionWith(next);
            next.ForEach(name => open.Remove(name));
        }

        Assert.Empty(open);
    }

    [Fact]
    public void Volumes_that_are_mounted_are_declared()
    {
        var mounted = Services
            .SelectMany(service => service.Value!["volumes"] as JsonArray ?? [])
            .Select(volume => ((string)volume!).Split(':')[0]);

        Assert.Equal(published.Compose["volumes"]!.AsObject().Select(volume => volume.Key).Order(), mounted.Order());
    }

    [Fact]
    public void Only_the_API_has_a_port_of_the_machine_and_so_one_instance()
    {
        var open = Services.Where(service => service.Value!["ports"] is not null).ToList();

        var (name, service) = Assert.Single(open);
        Assert.Equal("api", name);
        Assert.Equal("${API_PORT:?}:8080", (string?)Assert.Single(service!["ports"]!.AsArray()));
        Assert.Equal(1, (int?)service["deploy"]!["replicas"]);
        Assert.Equal(2, (int?)Services["worker"]!["deploy"]!["replicas"]);
    }

    [Fact]
    public void Nothing_runs_as_root_or_with_a_writable_image() => Assert.All(Services, service =>
    {
        Assert.Matches("^[1-9]", (string?)service.Value!["user"]);
        Assert.True((bool?)service.Value["read_only"]);
        Assert.Equal("ALL", (string?)service.Value["cap_drop"]![0]);
    });

    [Fact]
    public void Nothing_is_killed_before_it_has_stopped()
    {
        // Host's and API's own limits; Compose would kill after 10 s.
        Assert.Equal("0", (string?)Services["api"]!["environment"]!["Api__DrainSeconds"]);
        Assert.All(Services, service => Assert.InRange(Seconds((string)service.Value!["stop_grace_period"]!), 30, 120));
        Assert.InRange(Seconds((string)Services["worker"]!["stop_grace_period"]!), 31, 120);
    }

    private static int Seconds(string duration) =>
        int.Parse(duration.TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture);

    private static JsonElement Element(JsonNode node) => JsonSerializer.SerializeToElement(node);

    private static JsonSchema ComposeSchema()
    {
        var path = Path.Combine(Repository.Root, "tests", "AppHost.Tests", "Schemas", "compose-spec.json");
        var schema = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        schema.Remove("$schema"); // draft 2019-09, at an address that is not its own
        return JsonSchema.FromText(schema.ToJsonString(), new BuildOptions { Dialect = Dialect.Draft201909 });
    }

    [GeneratedRegex(@"(?<!\$)\$\{([A-Z_]+):\?\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?<!\$)\$(?!\$)(?!\{[A-Z_]+:\?\})")]
    private static partial Regex OptionalVariable();

    [GeneratedRegex(@":[\w.-]+$")]
    private static partial Regex Tag();
}
