namespace Microsoft.Extensions.ServiceDiscovery;

public sealed class ServiceDiscoveryOptions
{
    /// <summary>Whether endpoints of every scheme may be used; if not, only those of <see cref="AllowedSchemes"/>.</summary>
    public bool AllowAllSchemes { get; set; } = true;

    public IList<string> AllowedSchemes { get; set; } = [];

    /// <summary>How often providers without change notification are asked again; configuration notifies by itself.</summary>
    public TimeSpan RefreshPeriod { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Returns the requested schemes that are allowed, in the order requested.</summary>
    public IReadOnlyList<string> ApplyAllowedSchemes(IReadOnlyList<string> requestedSchemes)
    {
        ArgumentNullException.ThrowIfNull(requestedSchemes);
        return AllowAllSchemes
            ? requestedSchemes
            : [.. requestedSchemes.Where(scheme => AllowedSchemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))];
    }
}

public sealed class ConfigurationServiceEndpointProviderOptions
{
    /// <summary>The section that holds a subsection per service.</summary>
    public string SectionName { get; set; } = "Services";
}
