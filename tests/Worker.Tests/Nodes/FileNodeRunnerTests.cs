using System.Text.Json.Nodes;
using Workflows.Engine.Connectors;
using Workflows.Testing;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The file node on a real folder and against a small store that checks signatures as S3 does.</summary>
[Collection(ObjectStoreTests.Collection)]
public sealed class FileNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("workflows-files").FullName;
    private ConnectorBed _bed = null!;
    private ObjectStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server, fileRoot: _root);
        _store = await ObjectStore.StartAsync();
        await _bed.Bed.AddConnectorAsync(
            "s3", "s3", ("endpoint", _store.Address), ("bucket", "b"), ("prefix", "mine"), ("accessKeyId", ObjectStore.AccessKey), ("secretAccessKey", ObjectStore.Secret));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("s3")]
    public async Task A_file_is_written_read_listed_and_deleted(string? connector)
    {
        await _bed.SucceedAsync("file", Call("write", "a/ü b.json", connector, "json", new { x = 1 }));
        await _bed.SucceedAsync("file", Call("write", "a/text", connector, "text", "Grüße"));
        await _bed.SucceedAsync("file", Call("write", "b", connector, "base64", Convert.ToBase64String([0, 255])));

        Assert.Equal("""{"x":1}""", (await _bed.SucceedAsync("file", Call("read", "a/ü b.json", connector, "json")))["content"]!.ToJsonString());
        Assert.Equal("Grüße", (await _bed.SucceedAsync("file", Call("read", "a/text", connector)))["content"]!.GetValue<string>());
        Assert.Equal("AP8=", (await _bed.SucceedAsync("file", Call("read", "b", connector, "base64")))["content"]!.GetValue<string>());
        Assert.Equal(["a/text", "a/ü b.json"], Paths(await _bed.SucceedAsync("file", Call("list", "a/", connector))));
        Assert.True((await _bed.SucceedAsync("file", Call("list", null, connector, maxFiles: 2)))["truncated"]!.GetValue<bool>());

        await _bed.SucceedAsync("file", Call("delete", "a/text", connector));
        await _bed.SucceedAsync("file", Call("delete", "a/text", connector)); // again, as after a crash
        Assert.Equal("FILE_NOT_FOUND", (await _bed.FailAsync("file", Call("read", "a/text", connector))).Code);
    }

    public static TheoryData<string> Escapes => new(
        "../x", "a/../../x", "..", ".", "/etc/passwd", "a//b", "..\\x", "C:\\x", "a/..", "a\0b", "a/ ../b", "a/.. /b", "...", "\n", "");

    [Theory]
    [MemberData(nameof(Escapes))]
    public async Task No_path_leads_out_of_the_folder_or_the_prefix(string path)
    {
        foreach (var operation in new[] { "read", "write", "delete" })
        {
            foreach (var connector in new[] { null, "s3" })
            {
                var error = await _bed.FailAsync("file", Call(operation, path, connector, content: "x"));
                Assert.Contains(error.Code, new[] { "FILE_PATH", "PARAMETER_INVALID" });
                Assert.DoesNotContain(_root, error.Message, StringComparison.Ordinal);
            }
        }

        Assert.Empty(_store.Objects);
        Assert.Empty(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_link_in_the_folder_leads_nowhere()
    {
        var outside = Directory.CreateTempSubdirectory("workflows-outside").FullName;
        await File.WriteAllTextAsync(Path.Combine(outside, "secret"), "secret", TestContext.Current.CancellationToken);
        var folder = Directory.CreateDirectory(Path.Combine(_root, _bed.Bed.TenantId.ToString("N"))).FullName;
        Directory.CreateSymbolicLink(Path.Combine(folder, "link"), outside);
        File.CreateSymbolicLink(Path.Combine(folder, "file"), Path.Combine(outside, "secret"));

        Assert.Equal("FILE_PATH", (await _bed.FailAsync("file", Call("read", "link/secret", null))).Code);
        Assert.Equal("FILE_PATH", (await _bed.FailAsync("file", Call("read", "file", null))).Code);
        Assert.Equal("FILE_PATH", (await _bed.FailAsync("file", Call("write", "link/new", null, content: "x"))).Code);
        Assert.Empty(Paths(await _bed.SucceedAsync("file", Call("list", null, null))));
        Directory.Delete(outside, recursive: true);
    }

    [Fact]
    public async Task Tenants_have_folders_of_their_own()
    {
        await using var other = await ConnectorBed.CreateAsync(server, fileRoot: _root);
        await _bed.SucceedAsync("file", Call("write", "a", null, content: "mine"));

        Assert.Equal("FILE_NOT_FOUND", (await other.FailAsync("file", Call("read", "a", null))).Code);
        Assert.Empty(Paths(await other.SucceedAsync("file", Call("list", null, null))));
    }

    [Fact]
    public async Task A_file_beyond_the_limit_is_refused()
    {
        await _bed.SucceedAsync("file", Call("write", "big", "s3", content: new string('x', 1_000)));
        await _bed.SucceedAsync("file", Call("write", "big", null, content: new string('x', 1_000)));

        Assert.Equal("FILE_TOO_LARGE", (await _bed.FailAsync("file", Call("read", "big", "s3", maxBytes: 999))).Code);
        Assert.Equal("FILE_TOO_LARGE", (await _bed.FailAsync("file", Call("read", "big", null, maxBytes: 999))).Code);
        Assert.Equal("FILE_TOO_LARGE", (await _bed.FailAsync("file", Call("write", "huge", null, content: new string('x', Engine.Limits.FileBytes + 1)))).Code);
    }

    // The bed's quota: 2,000 bytes, 20 files.
    [Fact]
    public async Task A_tenant_has_no_more_than_its_quota_and_others_have_theirs()
    {
        await using var other = await ConnectorBed.CreateAsync(server, fileRoot: _root);
        await _bed.SucceedAsync("file", Call("write", "a", null, content: new string('x', 1_500)));

        var refused = await _bed.FailAsync("file", Call("write", "b", null, content: new string('x', 600)));
        Assert.Equal("FILE_QUOTA", refused.Code);
        Assert.Contains("more than 2000", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Paths(await _bed.SucceedAsync("file", Call("list", null, null))));
        refused = await _bed.FailAsync("file", Call("write", "a", null, content: new string('x', 2_001)));
        Assert.Equal("FILE_QUOTA", refused.Code);
        await other.SucceedAsync("file", Call("write", "b", null, content: new string('x', 600)));

        await _bed.SucceedAsync("file", Call("write", "a", null, content: new string('x', 1_000))); // less than before
        await _bed.SucceedAsync("file", Call("write", "b", null, content: new string('x', 600)));
        await _bed.SucceedAsync("file", Call("delete", "a", null));
        await _bed.SucceedAsync("file", Call("write", "c", null, content: new string('x', 1_400)));
    }

    [Fact]
    public async Task Empty_files_count_too_also_those_that_others_have_written()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, _bed.Bed.TenantId.ToString("N"), "old")).FullName;
        for (var file = 0; file < 19; file++)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, $"{file}"), "", TestContext.Current.CancellationToken);
        }

        await _bed.SucceedAsync("file", Call("write", "last", null, content: ""));
        Assert.Equal("FILE_QUOTA", (await _bed.FailAsync("file", Call("write", "one more", null, content: ""))).Code);
        await _bed.SucceedAsync("file", Call("write", "last", null, content: "again"));
    }

    [Fact]
    public async Task A_list_looks_at_the_folder_it_names_and_at_no_more_files_than_it_may()
    {
        var tenant = Guid.CreateVersion7();
        var storage = new FolderStorage(new WorkerOptions { FileRoot = _root }, TimeProvider.System, filesLookedAt: 3);
        foreach (var path in new[] { "a/1", "a/2", "a/b/3", "c/4", "c/5", "c/6", "c/7" })
        {
            await storage.WriteAsync(tenant, path, [], TestContext.Current.CancellationToken);
        }

        Assert.Equal(["a/1", "a/2", "a/b/3"], storage.List(tenant, "a/", 10).Files.Select(file => file.Path));
        Assert.Equal(["a/b/3"], storage.List(tenant, "a/b", 10).Files.Select(file => file.Path));
        Assert.Equal(
            "FILE_LIST_TOO_LARGE", Assert.Throws<ConnectorException>(() => storage.List(tenant, "c/", 10)).Code);
        Assert.Equal("FILE_LIST_TOO_LARGE", Assert.Throws<ConnectorException>(() => storage.List(tenant, "", 1)).Code);
        foreach (var path in new[] { "../", "/etc/", "a/../", "\0/", "none/", "a//" })
        {
            Assert.Empty(storage.List(tenant, path, 10).Files);
        }
    }

    [Fact]
    public async Task Without_a_folder_of_the_operators_there_is_none()
    {
        await using var without = await ConnectorBed.CreateAsync(server);

        Assert.Equal("FILE_STORAGE_OFF", (await without.FailAsync("file", Call("read", "a", null))).Code);
    }

    [Fact]
    public async Task A_store_that_refuses_the_signature_fails_the_node()
    {
        await _bed.Bed.AddConnectorAsync("wrong", "s3", ("endpoint", _store.Address), ("bucket", "b"), ("accessKeyId", "AK"), ("secretAccessKey", "another-secret"));

        Assert.Equal("FILE_403", (await _bed.FailAsync("file", Call("write", "a", "wrong", content: "x"))).Code);
    }

    private static List<string> Paths(JsonNode output) => [.. output["files"]!.AsArray().Select(file => file!["path"]!.GetValue<string>())];

    private static Dictionary<string, object?> Call(
        string operation, string? path, string? connector, string format = "text", object? content = null, int maxBytes = 100_000, int maxFiles = 100)
    {
        var call = new Dictionary<string, object?>
        {
            ["operation"] = operation, ["format"] = format, ["contentType"] = null, ["maxBytes"] = $"{maxBytes}", ["maxFiles"] = $"{maxFiles}",
        };
        foreach (var (name, value) in new (string, object?)[] { ("path", path), ("connector", connector), ("content", content) })
        {
            if (value is not null)
            {
                call[name] = value;
            }
        }

        return call;
    }
}
