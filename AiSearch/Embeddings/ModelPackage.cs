using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Workflows.AiSearch.Embeddings;

/// <summary>
/// The model all-MiniLM-L6-v2 as a package brings it: two resources of an assembly, the network and the vocabulary.
/// The assembly lies beside the service as data and is never loaded: what it needs to run is not there.
/// </summary>
internal static class ModelPackage
{
    private const string NetworkSuffix = ".onnx";
    private const string VocabularySuffix = "vocab.txt";

    /// <summary>Where the build puts it.</summary>
    public static string DefaultPath => Path.Combine(AppContext.BaseDirectory, "model", "all-MiniLM-L6-v2.bin");

    /// <exception cref="IOException">The file is not there or cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not what it should be.</exception>
    public static (byte[] Network, string Vocabulary) Read(string path)
    {
        using var file = File.OpenRead(path);
        using var assembly = new PEReader(file);
        try
        {
            var metadata = assembly.GetMetadataReader();
            var header = assembly.PEHeaders.CorHeader ?? throw new BadImageFormatException("It is no assembly.");
            var resources = header.ResourcesDirectory.RelativeVirtualAddress;
            return (
                Resource(NetworkSuffix).ReadAll(),
                System.Text.Encoding.UTF8.GetString(Resource(VocabularySuffix).ReadAll()));

            ResourceBytes Resource(string suffix)
            {
                var found = metadata.ManifestResources.Select(metadata.GetManifestResource)
                    .First(resource => metadata.GetString(resource.Name).EndsWith(suffix, StringComparison.Ordinal));
                var block = assembly.GetSectionData(resources + (int)found.Offset).GetReader();
                return new ResourceBytes(block.ReadInt32(), block);
            }
        }
        catch (Exception exception) when (exception is BadImageFormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} does not hold the model.", exception);
        }
    }

    private readonly record struct ResourceBytes(int Length, BlobReader Data)
    {
        public byte[] ReadAll()
        {
            var data = Data;
            return data.ReadBytes(Length);
        }
    }
}
