# shellcheck shell=bash
# bash completion of ssa-hsm. The program itself knows what fits (src/cli/complete/complete.c): this hands the words over.

# Puts the words up to the cursor into the array "words", without quotes: bash has taken them apart at ":" and "=".
__ssa_hsm_words()
{
    local rest=${COMP_LINE:0:COMP_POINT} stripped word i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        stripped=${rest#"${rest%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        # The word at the cursor may go on behind it.
        ((i < COMP_CWORD)) || word=$stripped
        if ((i == 0)) || [[ $stripped != "$rest" ]]; then
            words+=("$word")
        else
            words[-1]+=$word
        fi
        rest=${stripped#"$word"}
    done
    raw=${words[-1]}
    words=("${words[@]//[\"\'\\]/}")
}

# What bash puts into the line begins behind the last ":" or "=", so that candidates must, too.
__ssa_hsm_before()
{
    local sign
    before=''
    [[ $raw == [\"\']* ]] && return
    for sign in : =; do
        if [[ $COMP_WORDBREAKS == *$sign* && $word == *$sign* && ${#word} -gt 0 ]]; then
            local upto=${word%"${word##*"$sign"}"}
            ((${#upto} > ${#before})) && before=$upto
        fi
    done
}

_ssa_hsm()
{
    local words raw word before lines line
    __ssa_hsm_words
    word=${words[-1]}
    __ssa_hsm_before
    COMPREPLY=()
    mapfile -t lines < <("${words[0]/#\~/$HOME}" complete -- "${words[@]:1}" 2>/dev/null)
    case "${lines[0]-}" in
    :files*)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "${word#"${lines[0]#:files }"}")
        return
        ;;
    :folders*)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "${word#"${lines[0]#:folders }"}")
        return
        ;;
    :programs)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
        [[ $word != */* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    for line in "${lines[@]}"; do
        line=${line%%$'\t'*}
        line=${line#"$before"}
        [[ -n $line ]] || continue
        # Inside quotes nothing needs a backslash.
        [[ $raw == [\"\']* ]] || printf -v line %q "$line"
        COMPREPLY+=("$line")
    done
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[:=] ]] || compopt -o nospace
}
complete -F _ssa_hsm ssa-hsm
