using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.System.Tests;

[Collection(PlatformFixture.OneAtATime)]
public sealed class SampleTests(PlatformFixture fixture)
{
    [Fact]
    public async Task The_sample_that_a_newcomer_sees_first_runs_to_its_end_twice()
    {
        for (var round = 0; round < 2; round++)
        {
            var start = new ProcessStartInfo("dotnet")
            {
                ArgumentList =
                {
                    "exec", Path.Combine(Repository.Root, "artifacts", "bin", "Sample", "debug", "Workflows.Sample.dll"), Path.Combine(fixture.Platform.Folder, "run.json"),
                },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var sample = Process.Start(start)!;
            var output = await sample.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var error = await sample.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await sample.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.True(sample.ExitCode == 0, output + error);
            foreach (var node in (string[])["validate", "size", "priority", "reserve", "payment", "receipt", "confirm"])
            {
                Assert.Contains($" {node} ", output, StringComparison.Ordinal);
            }
        }
    }
}
