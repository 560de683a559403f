namespace Aspire.Hosting.Embedded;

/// <summary>The program the build made of a project. Only generated code implements this.</summary>
public interface IBuiltProject : IProjectMetadata
{
    string TargetPath { get; }
}
