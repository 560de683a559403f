using Aspire.Hosting.Embedded;

namespace Aspire.Hosting.AppHost.Sample;

/// <summary>What a build generates as Projects.NAME, by hand, since a project cannot reference itself.</summary>
internal sealed class SampleProject : IBuiltProject
{
    public string ProjectPath => Path.Combine(AppContext.BaseDirectory, "Sample.csproj");

    public string TargetPath => typeof(SampleProject).Assembly.Location;

    // No launch profile: ports are free ones.
    public LaunchSettings? LaunchSettings => new()
    {
        Profiles = { ["http"] = new LaunchProfile { ApplicationUrl = "http://localhost:0" } },
    };
}
