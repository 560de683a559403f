using System.Net;
using System.Text.Json.Nodes;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

public sealed class TransferTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_folder_goes_into_another_tenant_and_comes_out_the_same()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inner = await owner.CreateFolderAsync(place.Workspace.Id, place.Folder.Id, "Inner / one");
        var job = await owner.CreateJobAsync(inner.Id, "Job");
        var (b, a) = (await owner.CreateInAsync(job.Id, name: "b"), await owner.CreateInAsync(job.Id, name: "a"));
        await owner.CreateInAsync(place.Job.Id, Calling(a.Id.ToString()), "caller");
        var dependencies = new { dependencies = new[] { new { workflowId = b.Id, dependsOn = new[] { a.Id } } } };
        (await owner.SendAsync(
            HttpMethod.Put, $"jobs/{job.Id}/dependencies", ApiClient.Json(dependencies), ("If-Match", "*"))).Ok();
        var tenant = await api.Host.CreateTenantAsync("transfer");
        using var stranger = api.Host.Client(tenant.ApiKey);
        var workspace = await stranger.CreateAsync("workspaces", new { name = "target" });

        var file = (await owner.GetAsync($"folders/{place.Folder.Id}/export")).Ok().Text;
        var made = (await stranger.PostAsync($"workspaces/{workspace.Id}/import", file)).Ok().Data;

        Assert.Equal([2, 2, 4], new[] { "folders", "jobs", "workflows" }.Select(name => made.GetProperty(name)
            .GetInt32()));
        Assert.Empty(made.GetProperty("missing").EnumerateArray());
        Assert.Equal(file, (await stranger.GetAsync($"folders/{made.GetProperty("id").GetGuid()}/export")).Ok().Text);
        Assert.Equal(file, (await owner.GetAsync($"folders/{place.Folder.Id}/export")).Ok().Text);
        Assert.DoesNotContain(a.Id.ToString(), file, StringComparison.Ordinal);
        (await stranger.PostAsync($"workspaces/{workspace.Id}/import", file))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await stranger.PostAsync($"workspaces/{workspace.Id}/import?name=again", file)).Ok();
        (await stranger.PostAsync($"workspaces/{place.Workspace.Id}/import", file))
            .Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
        Assert.Equal(["import"], await api.Host.ScalarAsync<string[]>(
            "select array_agg(distinct change_type) from workflow_versions where tenant_id = $1", tenant.TenantId));
    }

    [Fact]
    public async Task A_check_says_what_is_missing_and_writes_nothing()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync(new
        {
            schema = 1,
            triggers = new object[] { new { id = "nightly", type = "schedule", cron = "0 3 * * *",
                calendar = "Holidays" } },
            nodes = new object[]
            {
                new { id = "call", type = "subworkflow", parameters = new { workflow = "Elsewhere" } },
                new { id = "value", type = "set", parameters = new { value = "{{ vars.limit }}" } },
            },
        });
        var file = JsonNode.Parse((await owner.GetAsync($"workflows/{place.Workflow.Id}/export")).Ok().Text)!;
        Assert.Equal("Elsewhere", file["requires"]!["workflows"]![0]!.GetValue<string>());

        var path = $"jobs/{place.Job.Id}/import?check=true";
        var taken = (await owner.PostAsync(path, file.ToJsonString())).Ok().Data;
        var free = (await owner.PostAsync($"{path}&name=free", file.ToJsonString())).Ok().Data;
        file["workflows"]![0]!["definition"]!["nodes"]!.AsArray()
            .Add(new JsonObject { ["id"] = "x", ["type"] = "nowhere" });
        var broken = (await owner.PostAsync($"{path}&name=free", file.ToJsonString())).Ok().Data;
        (await owner.PostAsync($"jobs/{place.Job.Id}/import?name=free", file.ToJsonString()))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");

        Assert.Equal("NAME_TAKEN", Assert.Single(taken.GetProperty("problems").EnumerateArray()).GetProperty("code")
            .GetString());
        Assert.True(free.GetProperty("canImport").GetBoolean());
        Assert.Equal(
            ["CALENDAR Holidays", "VARIABLE limit", "WORKFLOW Elsewhere"],
            free.GetProperty("missing").EnumerateArray()
                .Select(item => $"{item.GetProperty("type").GetString()} {item.GetProperty("name").GetString()}")
                    .Order());
        Assert.StartsWith(
            "/workflows/0/definition/nodes/2",
            Assert.Single(broken.GetProperty("problems").EnumerateArray()).GetProperty("pointer").GetString());
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from workflows where job_id = $1",
            place.Job.Id));
    }

    [Fact]
    public async Task Folders_of_a_file_nest_as_deep_as_others_and_no_deeper()
    {
        using var owner = api.Host.Owner();
        var workspace = await owner.CreateAsync("workspaces", new { name = Samples.Name("deep") });
        var outer = await owner.CreateFolderAsync(workspace.Id);

        (await owner.PostAsync($"workspaces/{workspace.Id}/import", Nested(Limits.FolderDepth))).Ok();
        (await owner.PostAsync($"workspaces/{workspace.Id}/import?name=x", Nested(Limits.FolderDepth + 1)))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync($"folders/{outer.Id}/import?name=y", Nested(Limits.FolderDepth)))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync($"folders/{outer.Id}/import?name=z", Nested(Limits.FolderDepth - 1))).Ok();

        static object Nested(int levels) => new
        {
            format = "workflows.export",
            schema = 1,
            type = "folder",
            folders = Enumerable.Range(1, levels).Select(level => new { path = Enumerable.Repeat("f", level) }),
        };
    }

    [Fact]
    public async Task A_file_that_fits_nowhere_is_refused_with_its_places()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var second = await owner.CreateInAsync(place.Job.Id);
        var file = JsonNode.Parse((await owner.GetAsync($"jobs/{place.Job.Id}/export")).Ok().Text)!;

        Assert.Contains("/type", await PointersAsync($"jobs/{place.Job.Id}/import", file), StringComparison.Ordinal);
        Assert.Contains("/schema", await ChangedAsync(changed => changed["schema"] = 2), StringComparison.Ordinal);
        Assert.Contains("/format", await ChangedAsync(changed => changed["format"] = "x"), StringComparison.Ordinal);
        Assert.Contains("/workflows/0/job",
            await ChangedAsync(changed => changed["workflows"]![0]!["job"] = new JsonArray("?")),
            StringComparison.Ordinal);
        Assert.Contains("/jobs/0/name", await ChangedAsync(changed => changed["jobs"]![0]!["name"] = ""),
            StringComparison.Ordinal);
        Assert.Contains("/jobs", await ChangedAsync(changed => changed["jobs"]!.AsArray().Clear()),
            StringComparison.Ordinal);
        Assert.Contains("/jobs", await ChangedAsync(changed => Depend(changed, "nobody", "nothing")),
            StringComparison.Ordinal);
        foreach (var list in new[] { "folders", "jobs", "workflows" })
        {
            await ChangedAsync(changed => changed[list] = new JsonArray((JsonNode?)null));
        }

        await ChangedAsync(changed => changed["jobs"]![0]!["folder"] = new JsonArray((JsonNode?)null));
        await ChangedAsync(changed => changed["jobs"]![0]!["dependencies"] = new JsonArray((JsonNode?)null));
        await ChangedAsync(changed => changed["workflows"]![0]!["tags"] = new JsonArray((JsonNode?)null));
        await ChangedAsync(changed => Depend(changed, "nobody", null));
        var (a, b) = (Name(place.Workflow), Name(second));
        var circle = file.DeepClone();
        Depend(circle, a, b);
        circle["jobs"]![0]!["dependencies"]!.AsArray()
            .Add(new JsonObject { ["workflow"] = b, ["dependsOn"] = new JsonArray(a) });
        (await owner.PostAsync($"folders/{place.Folder.Id}/import?name=circle", circle.ToJsonString()))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEPENDENCY_CYCLE");
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from jobs where folder_id = $1",
            place.Folder.Id));

        Task<string> ChangedAsync(Action<JsonNode> change)
        {
            var changed = file.DeepClone();
            change(changed);
            return PointersAsync($"folders/{place.Folder.Id}/import?name=other", changed);
        }

        async Task<string> PointersAsync(string path, JsonNode body) => string.Join(' ',
            (await owner.PostAsync(path, body.ToJsonString())).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED")
                .Json.GetProperty("error").GetProperty("details").EnumerateArray()
                    .Select(detail => detail.GetProperty("pointer").GetString()));
    }

    [Fact]
    public async Task A_file_goes_as_yaml_and_says_the_same()
    {
        using var owner = api.Host.Owner();
        var tricky = new
        {
            schema = 1,
            nodes = new object[]
            {
                new
                {
                    id = "value", type = "set",
                    parameters = new
                    {
                        value = new
                        {
                            a = "yes", b = "1.50", c = "2026-12-25", d = 1.5, e = "one\ntwo\n",
                            f = "{{ input.x }}",
                        },
                    },
                },
            },
        };
        var place = await owner.CreatePlaceAsync(tricky);
        await owner.CreateInAsync(place.Job.Id, Calling(place.Workflow.Id.ToString()), "caller");
        var path = $"folders/{place.Folder.Id}/export";

        var json = (await owner.GetAsync(path)).Ok().Text;
        var yaml = (await owner.GetAsync($"{path}?format=yaml")).Ok();
        var accepted = (await owner.GetAsync(path, ("Accept", "text/html, application/yaml"))).Ok();
        var target = $"workspaces/{place.Workspace.Id}/import?name=again";
        var made = (await owner.PostAsync(target, AsYaml(yaml.Text))).Ok();

        Assert.Equal("application/yaml", yaml.ContentHeaders.ContentType!.MediaType);
        Assert.EndsWith(".yaml", yaml.ContentHeaders.ContentDisposition!.FileName!.Trim('"'), StringComparison.Ordinal);
        Assert.Equal(yaml.Text, accepted.Text);
        Assert.Contains("e: |\n", yaml.Text, StringComparison.Ordinal);
        Assert.Contains("a: 'yes'", yaml.Text, StringComparison.Ordinal);
        var folder = Name(place.Folder);
        Assert.Equal(
            json.Replace($"\"{folder}\"", "\"again\"", StringComparison.Ordinal),
            (await owner.GetAsync($"folders/{made.Data.GetProperty("id").GetGuid()}/export")).Ok().Text);
        (await owner.GetAsync($"{path}?format=xml")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.PostAsync("workspaces", AsYaml("name: x")))
            .Fails(HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE");
    }

    [Fact]
    public async Task What_is_wrong_in_a_file_of_yaml_is_named_with_its_line()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var path = $"jobs/{place.Job.Id}/import";
        const string File = """
            format: workflows.export
            schema: 1
            type: workflow
            workflows:
              - job: []
                name: Broken
                definition:
                  schema: 1
                  nodes:
                    - id: first
                      type: noop
                    - id: second
                      type: nowhere
            """;

        var broken = (await owner.PostAsync(path, AsYaml(File)))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        var looked = (await owner.PostAsync($"{path}?check=true", AsYaml(File))).Ok().Data.GetProperty("problems");
        var misspelt = File.Replace("type: workflow", "kind: workflow", StringComparison.Ordinal);
        var unknown = (await owner.PostAsync(path, AsYaml(misspelt)))
            .Fails(HttpStatusCode.BadRequest, "UNKNOWN_FIELD");
        var bomb = (await owner.PostAsync(path, AsYaml("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]")))
            .Fails(HttpStatusCode.BadRequest, "INVALID_YAML");

        Assert.Equal(13, Line(broken.Json.GetProperty("error").GetProperty("details")));
        Assert.Equal(13, Line(looked));
        Assert.Equal(3, Line(unknown.Json.GetProperty("error").GetProperty("details")));
        Assert.Contains("Line 1, column 4", bomb.Text, StringComparison.Ordinal);

        static int Line(System.Text.Json.JsonElement details) =>
            Assert.Single(details.EnumerateArray()).GetProperty("line").GetInt32();
    }

    private static StringContent AsYaml(string text) => new(text, System.Text.Encoding.UTF8, "application/yaml");

    private static void Depend(JsonNode file, string workflow, string? on) => file["jobs"]![0]!["dependencies"] =
        new JsonArray(new JsonObject { ["workflow"] = workflow, ["dependsOn"] = new JsonArray(on) });

    private static string Name(Answer created) => created.Data.GetProperty("name").GetString()!;

    private static object Calling(string workflow) => new
    {
        schema = 1,
        nodes = new object[] { new { id = "call", type = "subworkflow", parameters = new { workflow } } },
    };
}
