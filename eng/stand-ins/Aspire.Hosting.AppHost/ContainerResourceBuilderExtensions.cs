using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static class ContainerResourceBuilderExtensions
{
    /// <summary>Image and tag are published; as plain processes run the provisioned servers.</summary>
    public static IResourceBuilder<T> WithImage<T>(this IResourceBuilder<T> builder, string image, string? tag = null)
        where T : ContainerResource
    {
        var colon = image.LastIndexOf(':');
        if (colon > image.LastIndexOf('/'))
        {
            if (tag is not null)
            {
                throw new InvalidOperationException("Ambiguous tags - a tag was provided on both the 'tag' and 'image' parameters.");
            }

            (image, tag) = (image[..colon], image[(colon + 1)..]);
        }

        var registry = builder.Resource.TryGetLastAnnotation<ContainerImageAnnotation>(out var old) ? old.Registry : null;
        return builder.WithAnnotation(
            new ContainerImageAnnotation { Registry = registry, Image = image, Tag = tag ?? "latest" },
            ResourceAnnotationMutationBehavior.Replace);
    }

    public static IResourceBuilder<T> WithImageTag<T>(this IResourceBuilder<T> builder, string tag)
        where T : ContainerResource
    {
        if (!builder.Resource.TryGetLastAnnotation<ContainerImageAnnotation>(out var image))
        {
            throw new InvalidOperationException($"The resource '{builder.Resource.Name}' does not have a container image specified.");
        }

        image.Tag = tag;
        return builder;
    }

    public static IResourceBuilder<T> WithVolume<T>(this IResourceBuilder<T> builder, string? name, string target, bool isReadOnly = false)
        where T : ContainerResource =>
        builder.WithAnnotation(new ContainerMountAnnotation(name, target, ContainerMountType.Volume, isReadOnly));
}
