# fish completion of ssa-hsm. The program itself knows what fits (src/cli/complete/complete.c): this hands the words over.

function __ssa_hsm_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    # A word in quotes is handed over without them.
    set -l typed (string replace -ra '[\'"\\\\]' '' -- $word)
    set -l lines ($words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
    switch "$lines[1]"
        case ':files*'
            set -l before (string replace -r '^:files ?' '' -- $lines[1])
            set -l path (string replace -- "$before" '' "$typed")
            for found in (__fish_complete_path $path)
                echo "$before$found"
            end
        case ':folders*'
            set -l before (string replace -r '^:folders ?' '' -- $lines[1])
            set -l path (string replace -- "$before" '' "$typed")
            for found in (__fish_complete_directories $path)
                echo "$before$found"
            end
        case ':programs'
            __fish_complete_path "$typed"
            complete -C "$typed"
        case '*'
            string join -- \n $lines
    end
end

complete -c ssa-hsm -f -a '(__ssa_hsm_complete)'
