using System.Text.RegularExpressions;
using ArchUnitNET.Domain;

namespace Workflows.Architecture.Tests;

/// <summary>Who may know what: drivers have owners, features do not meet, the pure projects stay pure.</summary>
internal static partial class ReferenceRules
{
    // A value like a date: it reads and compares addresses, and connects nowhere.
    private const string Address = "System.Net.IPAddress";

    private const string ThreadOfIterator = "System.Environment.get_CurrentManagedThreadId()";

    // It is constructed without a seed, and gets one before each step.
    private const string GeneratorOfSteps = "Workflows.Engine.Executions.StepRandom";

    // A builder of async methods stands in each of them; no source has to name Task for it.
    private static readonly string[] Impure =
    [
        "System.Threading.Tasks.", "System.Threading.Thread", "System.Threading.Timer",
        "System.Threading.PeriodicTimer", "System.Runtime.CompilerServices.Async", "System.Net.", "System.IO.File",
        "System.IO.Directory", "System.IO.Path", "System.IO.RandomAccess",
        "System.Diagnostics.Process", "System.Diagnostics.Stopwatch", "System.Environment",
        "System.Console", "System.Data.", "Microsoft.Extensions.",
    ];

    private static readonly string[] Unpredictable =
        ["System.TimeProvider", "System.Security.Cryptography.RandomNumberGenerator"];

    // A generator with a seed is as predictable as its seed.
    private static readonly string[] UnpredictableMembers =
    [
        "System.Random.get_Shared(", "System.Random..ctor()", "System.Guid.NewGuid(", "System.Guid.CreateVersion7(",
        "System.DateTime.get_Now(", "System.DateTime.get_UtcNow(", "System.DateTime.get_Today(",
        "System.DateTimeOffset.get_Now(", "System.DateTimeOffset.get_UtcNow(",
    ];

    public static ReferenceRule[] All { get; } =
    [
        // ServiceDefaults subscribes to its spans, by an extension in the driver's namespace.
        Driver(
            "Npgsql", "Npgsql.NpgsqlConnection", ["Npgsql", "NpgsqlTypes"],
            "Data", "Connectors", "AiSearch", "ServiceDefaults"),
        Driver("StackExchange.Redis", "StackExchange.Redis.IDatabase", ["StackExchange.Redis"], "Data", "AppHost"),
        Driver(
            "Entity Framework", "Microsoft.EntityFrameworkCore.DbContext", ["Microsoft.EntityFrameworkCore"],
            "Data", "Api"),
        Driver("Pgvector", "Pgvector.HalfVector", ["Pgvector"], "AiSearch"),
        Driver("MailKit", "MailKit.Net.Smtp.SmtpClient", ["MailKit", "MimeKit"], "Connectors"),
        Driver("The AWS SDK", "Amazon.S3.AmazonS3Client", ["Amazon"], "Connectors"),
        Driver("BitFaster", "BitFaster.Caching.ICache", ["BitFaster"], "Data", "Connectors"),
        Driver(
            "IdentityModel", "Microsoft.IdentityModel.Tokens.SecurityToken", ["Microsoft.IdentityModel"], "Connectors"),
        Driver("The client of OpenAI", "OpenAI.OpenAIClient", ["OpenAI"], "Models"),
        Driver("The client of Anthropic", "Anthropic.AnthropicClient", ["Anthropic"], "Models"),
        Driver("The client of Ollama", "OllamaSharp.OllamaApiClient", ["OllamaSharp"], "Models"),
        Driver("Otp.NET", "OtpNet.Totp", ["OtpNet"], "Api"),
        Driver("zxcvbn", "Zxcvbn.Result", ["Zxcvbn"], "Api"),
        Driver("NodaTime", "NodaTime.DateTimeZone", ["NodaTime"], "Engine", "Data"),
        Driver("YamlDotNet", "YamlDotNet.Core.Parser", ["YamlDotNet"], "Api", "AppHost"),
        Driver("Scalar", "Scalar.AspNetCore.ScalarOptions", ["Scalar"], "Api"),
        Driver("Aspire.Hosting", "Aspire.Hosting.IDistributedApplicationBuilder", ["Aspire.Hosting"], "AppHost"),
        Driver("OpenTelemetry", "OpenTelemetry.Trace.TracerProvider", ["OpenTelemetry"], "ServiceDefaults"),
        new(
            "Api features do not use each other",
            // A command of an operator stands outside of them, as the composition does.
            type => Feature(type) is not (null or "Http" or "Operator"),
            use => Feature(use.Used) is { } used && used != "Http" && used != Feature(use.User),
            "Api",
            """
            namespace Workflows.Api.Events { public static class Events { public static int Count => 1; } }
            namespace Workflows.Api.Executions { class Endpoint { int M() { var a = Events.Events.Count; return a; } } }
            """,
            """
            namespace Workflows.Api.Events { public class Event { } }
            namespace Workflows.Api.Executions { class Part { System.Func<object> M() => () => new Events.Event(); } }
            """)
        {
            Allowed =
            [
                """
                namespace Workflows.Api.Http { public class Envelope { } }
                namespace Workflows.Api.Executions { class Endpoint { object M() => new Http.Envelope(); } }
                namespace Workflows.Api { class Composition { object M() => new Executions.Part(); } }
                namespace Workflows.Api.Operator { class Command { object M() => new Executions.Part(); } }
                namespace Workflows.Api.Executions { public class Part { } }
                """,
            ],
        },
        new(
            "Engine and Jsonata do no I/O and know no thread",
            type => IsIn(type, "Engine", "Jsonata"),
            // Each iterator asks for the thread that it was made on.
            use => StartsWith(use.Used.FullName, Impure)
                && use.Used.FullName is not Address && use.Member != ThreadOfIterator,
            "Engine",
            "class C { object M() { var task = System.Threading.Tasks.Task.FromResult(1); return task; } }",
            "class C { async void M() { } }",
            "using F = System.IO.File; class C { System.Func<string> M() => () => F.ReadAllText(\"a\"); }",
            "class C { string M() => System.Environment.MachineName; }",
            "class C { void M() => new System.Net.Http.HttpClient().CancelPendingRequests(); }")
        {
            Allowed = ["class C { System.Collections.Generic.IEnumerable<int> M() { yield return 1; } }"],
        },
        new(
            "Engine knows neither clock nor chance",
            type => IsIn(type, "Engine"),
            use => StartsWith(use.Used.FullName, Unpredictable)
                || (StartsWith(use.Member ?? "", UnpredictableMembers) && use.User.FullName != GeneratorOfSteps),
            "Engine",
            "class C { double M() { var random = System.Random.Shared; return random.NextDouble(); } }",
            "class C(System.TimeProvider time) { object M() => time; }",
            "class C { object M() => new System.Random(); }",
            "class C { System.Guid M() => System.Guid.CreateVersion7(); }",
            "class C { System.DateTimeOffset M() => System.DateTimeOffset.UtcNow; }")
        {
            Allowed =
            [
                "class C { System.DateTimeOffset M(System.DateTimeOffset now) => now.AddDays(1); }",
                "class C { int M(int seed) => new System.Random(seed).Next(); }",
            ],
        },
    ];

    /// <param name="driver">Its name, for the sentence.</param>
    /// <param name="type">A type of it, with its namespace, for the examples.</param>
    /// <param name="namespaces">Its namespaces and all below them.</param>
    /// <param name="owners">The projects that may use it.</param>
    private static ReferenceRule Driver(string driver, string type, string[] namespaces, params string[] owners)
    {
        var (space, name) = (type[..type.LastIndexOf('.')], type[(type.LastIndexOf('.') + 1)..]);
        var stub = $"namespace {space} {{ public class {name} {{ public static {name} Make() => new(); }} }}";
        return new(
            $"{driver} is used only in {string.Join(" and ", owners)}",
            type => !IsIn(type, owners) && !IsBelow(type, namespaces),
            use => IsBelow(use.Used, namespaces),
            owners.Contains("Worker") ? "Jsonata" : "Worker",
            $"{stub} namespace Workflows.Worker {{ class C {{ object M() {{ var a = {type}.Make(); return a; }} }} }}",
            $"{stub} namespace Workflows.Worker {{ class C {{ System.Func<object> M() => () => new {type}(); }} }}",
            $"{stub} namespace Workflows.Worker {{ class C {{ async System.Threading.Tasks.Task<string> M() "
                + $"{{ await System.Threading.Tasks.Task.Yield(); return {type}.Make().ToString(); }} }} }}",
            $"{stub} namespace Workflows.Worker {{ class C : System.Collections.Generic.List<{type}>; }}");
    }

    private static bool IsIn(IType type, params string[] projects) =>
        projects.Any(project => type.Assembly.Name.Split(',')[0] == $"Workflows.{project}");

    private static bool IsBelow(IType type, string[] namespaces) =>
        type.Namespace?.FullName is { } space
        && namespaces.Any(one => space == one || space.StartsWith($"{one}.", StringComparison.Ordinal));

    private static bool StartsWith(string name, string[] beginnings) =>
        beginnings.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal));

    private static string? Feature(IType type) =>
        type.Namespace?.FullName is { } space && ApiNamespace().Match(space) is { Success: true } match
            ? match.Groups[1].Value
            : null;

    [GeneratedRegex(@"^Workflows\.Api\.(\w+)")]
    private static partial Regex ApiNamespace();
}
