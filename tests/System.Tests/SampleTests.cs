using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.System.Tests;

[Collection(PlatformFixture.OneAtATime)]
public sealed class SampleTests(PlatformFixture fixture)
{
    /// <summary>Each sample checks what it shows, and fails otherwise.</summary>
    [Theory]
    [InlineData("order", "validate", "size", "priority", "reserve", "payment", "receipt", "confirm")]
    [InlineData("approval", "ask", "refund")]
    [InlineData("nightly", "collect", "report")]
    [InlineData("ussd", "menu", "choice", "amount", "thanks")]
    [InlineData("saga", "flight", "hotel", "car", "cancel-hotel", "cancel-flight")]
    [InlineData("fan-out", "price")]
    [InlineData("company")]
    public async Task A_sample_runs_to_its_end_twice(string name, params string[] nodes)
    {
        for (var round = 0; round < 2; round++)
        {
            var start = new ProcessStartInfo("dotnet")
            {
                ArgumentList =
                {
                    "exec", Path.Combine(Repository.Root, "artifacts", "bin", "Sample", "debug", "Workflows.Sample.dll"), Path.Combine(fixture.Platform.Folder, "run.json"), name,
                },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var sample = Process.Start(start)!;
            var output = await sample.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var error = await sample.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await sample.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.True(sample.ExitCode == 0, output + error);
            Assert.All(nodes, node => Assert.Contains($" {node} ", output, StringComparison.Ordinal));
        }
    }
}
