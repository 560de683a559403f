namespace Workflows.AppHost.Services;

/// <summary>What a person opens from the dashboard.</summary>
internal static class PageUrls
{
    /// <summary>Names the API's address and adds its reference page and its health.</summary>
    public static IResourceBuilder<ProjectResource> WithPageUrls(this IResourceBuilder<ProjectResource> api) => api
        .WithUrlForEndpoint("http", url => url.DisplayText = "API")
        .WithUrlForEndpoint("http", _ => new() { Url = "/reference", DisplayText = "Reference" })
        .WithUrlForEndpoint("http", _ => new() { Url = "/health", DisplayText = "Health" });
}
