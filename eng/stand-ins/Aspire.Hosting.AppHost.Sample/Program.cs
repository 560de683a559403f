using System.Collections;
using Aspire.Hosting;
using Aspire.Hosting.AppHost.Sample;

// One program for two parts: an AppHost that a test can kill, and the service it runs.
if (args is ["apphost", ..])
{
    var host = DistributedApplication.CreateBuilder(args[1..]);
    var database = host.AddPostgres("postgres").WithDataVolume("data").AddDatabase("items");
    var redis = host.AddRedis("redis").WithDataVolume("cache");
    host.AddProject<SampleProject>("service").WithReplicas(2).WithHttpHealthCheck("/health")
        .WithReference(database).WithReference(redis).WaitFor(database).WaitFor(redis);
    host.Build().Run();
    return Environment.ExitCode;
}

if (Environment.GetEnvironmentVariable("EXIT_CODE") is { } exitCode)
{
    return int.Parse(exitCode, System.Globalization.CultureInfo.InvariantCulture);
}

var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
var healthyFile = builder.Configuration["HEALTHY_FILE"];
app.MapGet("/health", () => healthyFile is null || File.Exists(healthyFile) ? Results.Ok() : Results.StatusCode(503));
app.MapGet("/env", () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value));
app.Run();
return 0;
